// Drives the minimal sink: frames of `size` bytes, `window` unacknowledged, for `ms`.
import net from 'node:net';
import { args, nowMs, say } from '../lib/measure.mjs';

const { port, size, window, ms } = args();
const frame = Buffer.alloc(size + 4, 65);
frame.writeUInt32BE(size);
const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
let credit = window;
let acknowledged = 0;
let bytes = 0;
let startedMs = 0;
const pump = () => {
  socket.cork();
  for (; credit > 0; credit--) socket.write(frame);
  process.nextTick(() => socket.uncork());
};
socket.on('connect', () => {
  startedMs = nowMs();
  pump();
});
socket.on('data', (chunk) => {
  bytes += chunk.length;
  const acks = bytes >> 4;
  bytes &= 15;
  acknowledged += acks;
  const elapsedMs = nowMs() - startedMs;
  if (elapsedMs >= ms) {
    say({ mbPerSecond: (acknowledged * frame.length) / elapsedMs / 1e3, perSecond: (acknowledged / elapsedMs) * 1e3 });
    process.exit(0);
  }
  credit += acks;
  pump();
});
