// The same client against any broker: @platformatic/kafka produces batches of 100 x 1 KB, then reads them back.
import { Consumer, MessagesStreamModes, Producer } from '@platformatic/kafka';
import { args, nowMs, say } from '../lib/measure.mjs';

const { port, topic, batches, inFlight } = args();
const BATCH = 100;
const SIZE = 1_024;
const bootstrapBrokers = [`127.0.0.1:${port}`];
const value = Buffer.alloc(SIZE, 65);
const messages = Array.from({ length: BATCH }, () => ({ topic, value, partition: 0 }));
const producer = new Producer({ clientId: 'bench', bootstrapBrokers, maxInflights: 16 });
const send = async (count) => {
  let next = 0;
  const worker = async () => {
    while (next++ < count) await producer.send({ messages, acks: -1 });
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
};
await send(100);
const producedMs = nowMs();
await send(batches);
const produceMs = nowMs() - producedMs;
await producer.close();

const consumer = new Consumer({
  clientId: 'bench',
  groupId: `bench-${process.pid}`,
  bootstrapBrokers,
  maxBytes: 50 << 20,
  maxWaitTime: 500,
});
const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false });
const wanted = (batches + 100) * BATCH;
let read = 0;
let startedMs = 0;
for await (const _message of stream) {
  if (read++ === 0) startedMs = nowMs();
  if (read === wanted) break;
}
const consumeMs = nowMs() - startedMs;
say({
  produceMbPerSecond: (batches * BATCH * SIZE) / produceMs / 1e3,
  consumeMbPerSecond: (wanted * SIZE) / consumeMs / 1e3,
});
process.exit(0);
