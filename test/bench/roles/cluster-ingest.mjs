// Produces batches to partitions at their leaders, over `connections` each with `window` unacknowledged, for `ms`.
import { Produce, decodeResponse } from '@trunkline/protocol';
import { Wire, batchOf, produceFrame } from '../lib/kafka-wire.mjs';
import { args, nowMs, say } from '../lib/measure.mjs';

const { topic, leaders, connections, window, ms, records, size } = args();
const WARM_MS = 1_000;
const beginMs = nowMs() + WARM_MS;
let acknowledged = 0;
let lastMs = beginMs;

function onAcknowledged(frame) {
  const { errorCode } = decodeResponse(Produce, 9, frame).body.responses[0].partitionResponses[0];
  if (errorCode !== 0) throw new Error(`Produce: error ${errorCode}`);
  lastMs = nowMs();
  if (lastMs >= beginMs) acknowledged += 1;
  if (lastMs < beginMs + ms) return;
  const elapsedMs = lastMs - beginMs;
  say({ mbPerSecond: (acknowledged * records * size) / elapsedMs / 1e3 });
  process.exit(0);
}

for (const [partition, port] of leaders.entries()) {
  for (let connection = 0; connection < connections; connection++) {
    // Frames take turns, so that none is changed while it waits to be sent.
    const frames = Array.from({ length: window + 1 }, () => produceFrame(topic, partition, batchOf(records, size)));
    let next = 0;
    const wire = await Wire.connect(port, (frame) => {
      onAcknowledged(frame);
      wire.send(frames[next++ % frames.length]);
    });
    for (let index = 0; index < window; index++) wire.send(frames[next++ % frames.length]);
  }
}
