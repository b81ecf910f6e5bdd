// kafkajs as a process: `produce BROKER TOPIC COUNT PREFIX CODEC`, or `consume BROKER TOPIC GROUP`.
// A consumer prints a line when it is assigned and one for each record; SIGTERM makes it leave.
import kafkajs from 'kafkajs';

const { CompressionTypes, Kafka, logLevel } = kafkajs;
const [verb, broker, topic, ...rest] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 20 } });
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

if (verb === 'produce') {
  const [count, prefix, codec] = rest;
  const producer = kafka.producer({ idempotent: codec === 'none' });
  await producer.connect();
  const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  const messages = Array.from({ length: Number(count) }, (_, index) => ({
    key: `k${index}`,
    value: `${prefix}${index}`,
  }));
  await producer.send({ topic, messages, acks: -1, compression });
  await producer.disconnect();
  say({ produced: messages.length });
} else {
  const consumer = kafka.consumer({
    groupId: rest[0],
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => say({ assigned: payload.memberAssignment[topic] ?? [] }));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommitInterval: 100,
    eachMessage: async ({ partition, message }) =>
      say({ partition, offset: message.offset, value: String(message.value) }),
  });
  process.once('SIGTERM', async () => {
    await consumer.disconnect();
    process.exit(0);
  });
}
