// A minimal ingest: length-prefixed frames over loopback, received into own slabs, checksummed, appended with one write
// a turn, acknowledged. What a broker must do at the least; the rest is what ours costs.
import { closeSync, fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import { crc32c } from '@node-rs/crc32';
import { args, say } from '../lib/measure.mjs';

const { file, sync } = args();
const SLAB = 1 << 20;
const FILE_BYTES_MAX = 1 << 30;
const descriptor = openSync(file, 'w');
const ack = Buffer.alloc(16);
ack.writeUInt32BE(12);
let at = 0;

process.on('exit', () => {
  closeSync(descriptor);
  rmSync(file, { force: true });
});
process.on('SIGTERM', () => process.exit(0));

const server = net.createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
  const handle = accepted._handle;
  accepted._handle = null;
  let slab = Buffer.allocUnsafeSlow(SLAB);
  let write = 0;
  let read = 0;
  let appended = 0;
  let waiting = 0;
  let armed = false;
  const flush = () => {
    armed = false;
    if (read === appended) return;
    if (at > FILE_BYTES_MAX) at = 0;
    writeSync(descriptor, slab, appended, read - appended, at);
    at += read - appended;
    appended = read;
    const acks = Buffer.concat(Array.from({ length: waiting }, () => ack));
    waiting = 0;
    if (sync) fdatasync(descriptor, () => socket.write(acks));
    else socket.write(acks);
  };
  const room = () => slab.subarray(write, Math.min(SLAB, write + 262_144));
  const received = (count) => {
    write += count;
    while (read + 4 <= write) {
      const end = read + 4 + slab.readUInt32BE(read);
      if (end > write) break;
      crc32c(slab.subarray(read + 4, end));
      read = end;
      waiting += 1;
    }
    if (waiting > 0 && !armed) {
      armed = true;
      setImmediate(flush);
    }
    if (SLAB - write < 65_536) {
      flush();
      const next = Buffer.allocUnsafeSlow(SLAB);
      slab.copy(next, 0, read, write);
      write -= read;
      read = appended = 0;
      slab = next;
    }
    return true;
  };
  const socket = new net.Socket({ handle, onread: { buffer: room, callback: received } });
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.read(0);
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
