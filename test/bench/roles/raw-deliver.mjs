// Publishes one record of 100 bytes, waits until a parked fetch delivers it, again. With `rpc` another process answers
// over a second topic (raw-responder.mjs).
import { args, latencies, nowMs, say } from '../lib/measure.mjs';
import { Wire, batchOf, fetchFrame, fetched, produceFrame } from '../lib/kafka-wire.mjs';
import { batchesIn } from '@trunkline/records';

// Of a cluster, the two topics may be led by different nodes.
const { port, readPort = port, publish, read, count, inFlight } = args();
const WARM = 500;
const sent = [];
const times = new Float64Array(count);
let received = 0;
let offset = 0;
let startedMs = 0;
const frames = Array.from({ length: inFlight * 2 + 1 }, () => produceFrame(publish, 0, batchOf(1, 100)));
let next = 0;
const fire = () => {
  sent.push(nowMs());
  producer.send(frames[next++ % frames.length]);
};
const producer = await Wire.connect(port, () => {});
const consumer = await Wire.connect(readPort, (frame) => {
  const records = fetched(frame);
  let came = 0;
  if (records !== null) {
    for (const batch of batchesIn(records)) {
      came += batch.lastOffset + 1 - offset;
      offset = batch.lastOffset + 1;
    }
  }
  consumer.send(fetchFrame(read, 0, offset, 5_000));
  for (; came > 0; came--) {
    const tookUs = (nowMs() - sent.shift()) * 1e3;
    if (received === WARM) startedMs = nowMs();
    if (received >= WARM) times[received - WARM] = tookUs;
    received += 1;
    if (received === count + WARM) {
      say({ ...latencies(times), perSecond: (count / (nowMs() - startedMs)) * 1e3 });
      return;
    }
    fire();
  }
});
consumer.send(fetchFrame(read, 0, 0, 5_000));
for (let index = 0; index < inFlight; index++) fire();
