// @platformatic/kafka as a process; the same words as kafkajs.mjs.
import {
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';

const [verb, broker, topic, ...rest] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const common = { clientId: 'platformatic', bootstrapBrokers: [broker], retries: 20, retryDelay: 100 };

if (verb === 'produce') {
  const [count, prefix, codec] = rest;
  const producer = new Producer({
    ...common,
    serializers: stringSerializers,
    idempotent: true,
    autocreateTopics: true,
  });
  const messages = Array.from({ length: Number(count) }, (_, index) => ({
    topic,
    key: `k${index}`,
    value: `${prefix}${index}`,
  }));
  await producer.send({ messages, acks: -1, compression: codec });
  await producer.close();
  say({ produced: messages.length });
} else {
  const consumer = new Consumer({
    ...common,
    groupId: rest[0],
    deserializers: stringDeserializers,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    autocreateTopics: true,
  });
  consumer.on('consumer:group:join', ({ assignments }) => {
    const mine = (assignments ?? [])
      .filter((assignment) => assignment.topic === topic)
      .flatMap(({ partitions }) => partitions);
    say({ assigned: mine });
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: 100,
    maxWaitTime: 200,
  });
  process.once('SIGTERM', async () => {
    await stream.close();
    await consumer.close(true);
    process.exit(0);
  });
  for await (const { partition, offset, value } of stream) say({ partition, offset: String(offset), value });
}
