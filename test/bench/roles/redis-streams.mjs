// Raw Redis Streams by ioredis: add one entry, wait until a blocked XREADGROUP of the same process has it, again.
import { Redis } from 'ioredis';
import { args, latencies, nowMs, say } from '../lib/measure.mjs';

const { port, count } = args();
const WARM = 500;
const writer = new Redis(port, '127.0.0.1');
const reader = new Redis(port, '127.0.0.1');
const value = 'x'.repeat(100);
await writer.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM');
const times = new Float64Array(count);
for (let index = 0; index < count + WARM; index++) {
  const sentMs = nowMs();
  const read = reader.xreadgroup('GROUP', 'group', 'one', 'COUNT', 1, 'BLOCK', 5_000, 'STREAMS', 'stream', '>');
  const added = writer.xadd('stream', '*', 'p', value);
  await read;
  if (index >= WARM) times[index - WARM] = (nowMs() - sentMs) * 1e3;
  await added;
}
say(latencies(times));
process.exit(0);
