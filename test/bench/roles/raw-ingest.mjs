// Produces 16 KB batches over one connection, `window` unacknowledged, for `ms`.
import { args, nowMs, say } from '../lib/measure.mjs';
import { Wire, batchOf, produceFrame } from '../lib/kafka-wire.mjs';

const { port, topic, partitions, window, ms, size } = args();
let acknowledged = 0;
let startedMs = 0;
let frameBytes = 0;
let next = 0;
// Frames take turns, so that none is changed while it waits to be sent.
const frames = Array.from({ length: window + 1 }, (_, index) =>
  produceFrame(topic, index % partitions, batchOf(Math.max(1, Math.round(size / 1_030)), 1_000)),
);
frameBytes = frames[0].length;
const wire = await Wire.connect(port, () => {
  acknowledged += 1;
  const elapsedMs = nowMs() - startedMs;
  if (elapsedMs >= ms) {
    say({ mbPerSecond: (acknowledged * frameBytes) / elapsedMs / 1e3, perSecond: (acknowledged / elapsedMs) * 1e3 });
    process.exit(0);
  }
  wire.send(frames[next++ % frames.length]);
});
startedMs = nowMs();
for (let index = 0; index < window; index++) wire.send(frames[next++ % frames.length]);
