// Reads a topic from its start in chunks of up to 1 MB, over and over, for `ms`.
import { batchesIn } from '@trunkline/records';
import { args, nowMs, say } from '../lib/measure.mjs';
import { Wire, fetchFrame, fetched } from '../lib/kafka-wire.mjs';

const { port, topic, ms } = args();
let offset = 0;
let bytes = 0;
const startedMs = nowMs();
const consumer = await Wire.connect(port, (frame) => {
  const records = fetched(frame);
  if (records === null || records.byteLength === 0) offset = 0;
  else {
    bytes += records.byteLength;
    for (const batch of batchesIn(records)) offset = batch.lastOffset + 1;
  }
  const elapsedMs = nowMs() - startedMs;
  if (elapsedMs >= ms) {
    say({ mbPerSecond: bytes / elapsedMs / 1e3 });
    process.exit(0);
  }
  consumer.send(fetchFrame(topic, 0, offset, 0));
});
consumer.send(fetchFrame(topic, 0, 0, 0));
