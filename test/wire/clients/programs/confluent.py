# confluent-kafka (librdkafka) as a process; the same words as kafkajs.mjs.
import json
import signal
import sys

from confluent_kafka import Consumer, Producer

verb, broker, topic, *rest = sys.argv[1:]


def say(what):
    print(json.dumps(what), flush=True)


if verb == 'produce':
    count, prefix, codec = rest
    failed = []
    producer = Producer({
        'bootstrap.servers': broker,
        'enable.idempotence': True,
        'compression.type': codec,
        'linger.ms': 5,
    })
    for index in range(int(count)):
        producer.produce(
            topic, key=f'k{index}', value=f'{prefix}{index}',
            on_delivery=lambda error, _message: failed.append(str(error)) if error else None,
        )
    left = producer.flush(30)
    if left or failed:
        sys.exit(f'{left} not delivered, {failed[:1]}')
    say({'produced': int(count)})
else:
    running = True

    def stop(_signal, _frame):
        global running
        running = False

    signal.signal(signal.SIGTERM, stop)
    consumer = Consumer({
        'bootstrap.servers': broker,
        'group.id': rest[0],
        'auto.offset.reset': 'earliest',
        'auto.commit.interval.ms': 100,
        'session.timeout.ms': 10000,
        'heartbeat.interval.ms': 500,
        'topic.metadata.refresh.interval.ms': 500,
    })
    consumer.subscribe(
        [topic],
        on_assign=lambda _consumer, partitions: say({'assigned': [one.partition for one in partitions]}),
    )
    while running:
        message = consumer.poll(0.1)
        if message is None or message.error():
            continue
        say({'partition': message.partition(), 'offset': str(message.offset()), 'value': message.value().decode()})
    consumer.close()
