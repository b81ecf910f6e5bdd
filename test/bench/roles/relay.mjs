// A bare TCP relay between a client and an echo: the floor of publish -> deliver and of a call through any broker.
import net from 'node:net';
import { args, say } from '../lib/measure.mjs';

const { up } = args();
const listen = (accept) => {
  const server = net.createServer({ noDelay: true }, accept);
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
};

if (up === undefined) {
  listen((socket) => socket.on('data', (bytes) => socket.write(bytes)).on('error', () => {}));
} else {
  listen((socket) => {
    const next = net.connect({ port: up, host: '127.0.0.1', noDelay: true });
    socket.on('data', (bytes) => next.write(bytes)).on('error', () => {});
    next.on('data', (bytes) => socket.write(bytes)).on('error', () => {});
  });
}
