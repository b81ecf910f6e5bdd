# confluent-kafka (librdkafka) as a process; the same words as kafkajs.mjs.
import json
import signal
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer

bootstrap, topic, group = sys.argv[1:]
lock = threading.Lock()
ends = 0


def say(what):
    with lock:
        print(json.dumps(what), flush=True)


def stop(_signal, _frame):
    global ends
    ends += 1


def delivered(error, message):
    value = message.value().decode()
    if error:
        say({'name': 'producer_send_error', 'value': value, 'message': str(error)})
    else:
        say({
            'name': 'producer_send_success', 'value': value,
            'partition': message.partition(), 'offset': str(message.offset()),
        })


def new_producer():
    return Producer({
        'bootstrap.servers': bootstrap,
        'enable.idempotence': True,
        'error_cb': lambda error: say({'name': 'trouble', 'message': str(error)}),
    })


def write():
    producer = new_producer()
    value = 0
    while ends == 0:
        try:
            producer.produce(topic, value=str(value), partition=value % 3, on_delivery=delivered)
            value += 1
            producer.poll(0.017)
        except BufferError:
            producer.poll(0.1)
        except KafkaException as reason:
            # A fatal error ends an idempotent producer, not its program. Before 2.3.0 librdkafka takes a batch whose
            # connection broke for written; when the new leader then wants it first, this is one (its issue 3584).
            say({'name': 'trouble', 'message': f'a new producer after: {reason}'})
            producer = new_producer()
    producer.flush()
    say({'name': 'shutdown_complete'})


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({
    'bootstrap.servers': bootstrap,
    'group.id': group,
    'auto.offset.reset': 'earliest',
    'auto.commit.interval.ms': 500,
    'session.timeout.ms': 10000,
    'heartbeat.interval.ms': 500,
})
consumer.subscribe([topic])
writing = threading.Thread(target=write)
writing.start()
while ends < 2:
    message = consumer.poll(0.1)
    if message is None:
        continue
    if message.error():
        say({'name': 'trouble', 'message': str(message.error())})
        continue
    say({
        'name': 'record_data', 'value': message.value().decode(),
        'partition': message.partition(), 'offset': str(message.offset()),
    })
writing.join()
consumer.close()
