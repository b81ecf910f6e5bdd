// @platformatic/kafka as a process; the same words as kafkajs.mjs.
import {
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';

const [bootstrap, topic, groupId] = process.argv.slice(2);
// Its defaults give up after three tries, a second apart.
const common = { clientId: 'platformatic', bootstrapBrokers: bootstrap.split(','), retries: 100, retryDelay: 250 };
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let isOver = false;
let values = 0;

async function write(producer, partition) {
  while (!isOver) {
    const value = String(values++);
    try {
      const { offsets } = await producer.send({ messages: [{ topic, partition, key: value, value }], acks: -1 });
      say({ name: 'producer_send_success', value, partition, offset: String(offsets[0].offset) });
    } catch (reason) {
      say({ name: 'producer_send_error', value, message: wordsOf(reason) });
    }
    await pause(50);
  }
}

const wordsOf = (reason) => [String(reason), ...(reason.errors ?? []).map(wordsOf)].join('; ');

const producer = new Producer({ ...common, serializers: stringSerializers, idempotent: true });
const consumer = new Consumer({
  ...common,
  groupId,
  deserializers: stringDeserializers,
  sessionTimeout: 10_000,
  heartbeatInterval: 500,
  rebalanceTimeout: 10_000,
});
const consume = () =>
  consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: 500,
    maxWaitTime: 500,
  });
let stream = await consume();

/** A stream ends with an error that its retries did not get over: who uses it begins anew. */
async function read() {
  for (;;) {
    try {
      for await (const { partition, offset, value } of stream)
        say({ name: 'record_data', value, partition, offset: String(offset) });
      return;
    } catch (reason) {
      say({ name: 'crash', message: wordsOf(reason) });
      await pause(250);
      stream = await consume();
    }
  }
}

const writing = Promise.all([0, 1, 2].map((partition) => write(producer, partition)));
process.on('SIGTERM', async () => {
  if (isOver) {
    await stream.close();
    await consumer.close(true);
    process.exit(0);
  }
  isOver = true;
  await writing;
  await producer.close();
  say({ name: 'shutdown_complete' });
});
await read();
