// Sends 100 bytes, waits for them to come back, again. With `sink` it is one way: a second connection receives.
import net from 'node:net';
import { args, latencies, nowMs, say } from '../lib/measure.mjs';

const { port, count, inFlight } = args();
const SIZE = 100;
const WARM = 1_000;
const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
const message = Buffer.alloc(SIZE, 7);
const sent = [];
const times = new Float64Array(count);
let received = 0;
let bytes = 0;
let startedMs = 0;
let cpu;
const fire = () => {
  sent.push(nowMs());
  socket.write(message);
};
socket.on('connect', () => {
  for (let index = 0; index < inFlight; index++) fire();
});
socket.on('data', (chunk) => {
  bytes += chunk.length;
  socket.cork();
  process.nextTick(() => socket.uncork());
  for (; bytes >= SIZE; bytes -= SIZE) {
    const tookUs = (nowMs() - sent.shift()) * 1e3;
    if (received === WARM) {
      startedMs = nowMs();
      cpu = process.cpuUsage();
    }
    if (received >= WARM) times[received - WARM] = tookUs;
    received += 1;
    if (received === count + WARM) {
      const { user, system } = process.cpuUsage(cpu);
      say({ ...latencies(times), perSecond: (count / (nowMs() - startedMs)) * 1e3, cpuUs: (user + system) / count });
      return;
    }
    fire();
  }
});
