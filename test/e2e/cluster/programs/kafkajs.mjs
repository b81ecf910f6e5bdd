// kafkajs: `BOOTSTRAP TOPIC GROUP`. Writes to three partitions and reads them in a group until SIGTERM ends the writing
// and, a second time, the reading. Says what it does in the words of Java's VerifiableProducer and VerifiableConsumer.
import kafkajs from 'kafkajs';

const [bootstrap, topic, groupId] = process.argv.slice(2);
// Its defaults give up after five tries.
const retry = { initialRetryTime: 100, maxRetryTime: 500, retries: 100 };
const kafka = new kafkajs.Kafka({
  clientId: 'kafkajs',
  brokers: bootstrap.split(','),
  logLevel: kafkajs.logLevel.NOTHING,
  connectionTimeout: 2_000,
  requestTimeout: 5_000,
  retry,
});
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let isOver = false;
let values = 0;

async function write(producer, partition) {
  while (!isOver) {
    const value = String(values++);
    try {
      const [told] = await producer.send({ topic, acks: -1, messages: [{ value, partition }] });
      say({ name: 'producer_send_success', value, partition, offset: told.baseOffset });
    } catch (reason) {
      say({ name: 'producer_send_error', value, message: String(reason) });
    }
    await pause(50);
  }
}

const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
const waits = { sessionTimeout: 10_000, heartbeatInterval: 500, maxWaitTimeInMs: 500 };
const consumer = kafka.consumer({ groupId, ...waits, retry }); // A consumer has five of its own, whatever its client has.
consumer.on(consumer.events.CRASH, ({ payload }) => say({ name: 'crash', message: String(payload.error) }));
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommitInterval: 500,
  eachMessage: async ({ partition, message: { offset, value } }) =>
    say({ name: 'record_data', value: String(value), partition, offset }),
});
const writing = Promise.all([0, 1, 2].map((partition) => write(producer, partition)));
process.on('SIGTERM', async () => {
  if (isOver) {
    await consumer.disconnect();
    process.exit(0);
  }
  isOver = true;
  await writing;
  await producer.disconnect();
  say({ name: 'shutdown_complete' });
});
