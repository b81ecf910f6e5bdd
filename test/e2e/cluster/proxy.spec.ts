import { type Socket, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, until } from '@trunkline/testing';
import { Proxy, type Source } from './proxy.js';

/** The head of a request of the Kafka protocol, with a client id. */
function head(clientId: string): Buffer {
  const bytes = Buffer.alloc(14 + clientId.length);
  bytes.writeInt16BE(clientId.length, 12);
  bytes.write(clientId, 14, 'latin1');
  return bytes;
}

describe('a proxy before a node', () => {
  const server = createServer((socket) => socket.on('error', () => {}).on('data', (bytes) => socket.write(bytes)));
  const sockets: Socket[] = [];
  let proxy: Proxy;

  beforeEach(async () => {
    const [port, target] = [await freePort(), await freePort()];
    await new Promise<void>((resolve) => server.listen(target, '127.0.0.1', resolve));
    proxy = new Proxy(port, target);
    await proxy.start();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** A connection of a node or a client, and all that came back on it. */
  async function opened(source: Source): Promise<{ socket: Socket; heard: () => string }> {
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    let heard = '';
    socket.on('data', (bytes) => (heard += bytes.toString('latin1')));
    const first = head(source === 'client' ? 'someone' : `trunkline-node-${source}`);
    socket.write(first);
    await until('the head comes back', () => heard.length === first.byteLength);
    heard = '';
    return { socket, heard: () => heard };
  }

  it('holds what one node says, and nobody else’s, and hands it on in order afterwards', async () => {
    const [one, two] = [await opened(1), await opened('client')];
    proxy.set(1, { to: { kind: 'hold' }, back: { kind: 'pass' } });
    one.socket.write('a');
    two.socket.write('x');
    await until('the other is answered', () => two.heard() === 'x');
    expect(one.heard()).toBe('');
    one.socket.write('b');
    proxy.heal();
    await until('it is handed on', () => one.heard() === 'ab');
  });

  it('treats connections that come later by the same rule', async () => {
    proxy.set(1, { to: { kind: 'pass' }, back: { kind: 'hold' } });
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    let heard = 0;
    socket.on('data', ({ byteLength }) => (heard += byteLength));
    socket.write(head('trunkline-node-1'));
    const other = await opened(2);
    other.socket.write('x');
    await until('the other is answered', () => other.heard() === 'x');
    expect(heard).toBe(0);
    proxy.heal();
    await until('the answer comes', () => heard > 0);
  });

  it('delays, and keeps the order', async () => {
    const one = await opened(1);
    proxy.set(1, { to: { kind: 'pass', delayMs: 30 }, back: { kind: 'pass' } });
    const sentMs = performance.now();
    one.socket.write('a');
    one.socket.write('b');
    await until('both are there', () => one.heard() === 'ab');
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(29);
  });

  it('cuts the connections of one', async () => {
    const [one, two] = [await opened(1), await opened(2)];
    let isCut = false;
    one.socket.once('close', () => (isCut = true));
    proxy.cut(1);
    await until('it is cut', () => isCut);
    two.socket.write('x');
    await until('the other goes on', () => two.heard() === 'x');
  });
});
