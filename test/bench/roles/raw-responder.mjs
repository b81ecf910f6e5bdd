// Answers each record of one topic with one of another.
import { batchesIn } from '@trunkline/records';
import { args, say } from '../lib/measure.mjs';
import { Wire, batchOf, fetchFrame, fetched, produceFrame } from '../lib/kafka-wire.mjs';

// Of a cluster, the two topics may be led by different nodes.
const { port, publishPort = port, read, publish, inFlight } = args();
const frames = Array.from({ length: inFlight * 2 + 1 }, () => produceFrame(publish, 0, batchOf(1, 100)));
let next = 0;
let offset = 0;
const producer = await Wire.connect(publishPort, () => {});
const consumer = await Wire.connect(port, (frame) => {
  const records = fetched(frame);
  let came = 0;
  if (records !== null) {
    for (const batch of batchesIn(records)) {
      came += batch.lastOffset + 1 - offset;
      offset = batch.lastOffset + 1;
    }
  }
  consumer.send(fetchFrame(read, 0, offset, 5_000));
  for (; came > 0; came--) producer.send(frames[next++ % frames.length]);
});
consumer.send(fetchFrame(read, 0, 0, 5_000));
say('up');
