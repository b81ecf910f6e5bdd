import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { type Address, type Link, type Listener, type Network, systemCode } from '@trunkline/kernel';
import { NodeLink } from './node-link.js';
import { Slab } from './slab.js';
import { adopt, receivesIntoSlabs } from './slab-receive.js';

const BACKLOG = 1024;
const LOOPBACK_TRIES = 16;

export interface NodeNetworkOptions {
  /** `data` gives up receiving into slabs, without asking the self-test. Default `slab`. */
  readonly receive?: 'slab' | 'data';
}

/** TCP and Unix sockets. `localhost` listens on 127.0.0.1 and, where the machine has it, on ::1. */
export class NodeNetwork implements Network {
  readonly #receive: 'slab' | 'data';

  constructor(options: NodeNetworkOptions = {}) {
    this.#receive = options.receive ?? 'slab';
  }

  async listen(address: Address, accept: (link: Link) => void): Promise<Listener> {
    const slabs = this.#receive === 'slab' && (await receivesIntoSlabs());
    if ('path' in address) {
      await removeStaleSocket(address.path);
      return listenOn(address, slabs, accept);
    }
    if (address.host === '') return listenOnAll(address.port, slabs, accept);
    if (address.host !== 'localhost') return listenOn(address, slabs, accept);
    return listenOnLoopback(address.port, slabs, accept);
  }

  connect(address: Address, timeoutMs: number): Promise<Link> {
    return new Promise((resolve, reject) => {
      const slab = new Slab();
      let link: NodeLink | undefined;
      const socket = net.connect({
        ...address,
        noDelay: true,
        onread: {
          buffer: () => slab.room(),
          callback: (count) => {
            link?.received(slab.take(count));
            return true;
          },
        },
      });
      const timer = setTimeout(() => socket.destroy(timedOut(address, timeoutMs)), timeoutMs).unref();
      const failed = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        // The first bytes may only be read once the link's owner has opened it, after this promise was handled.
        socket.pause();
        link = new NodeLink(socket, remoteOf(socket));
        resolve(link);
        setImmediate(() => socket.resume());
      });
    });
  }
}

function listenOn(address: Address, slabs: boolean, accept: (link: Link) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true, pauseOnConnect: slabs }, (accepted) => {
      take(accepted, slabs, accept);
    });
    server.once('error', reject);
    server.listen({ ...address, backlog: BACKLOG }, () => {
      server.off('error', reject);
      server.on('error', () => {}); // A failed accept (EMFILE) is that connection's end, not the listener's.
      const bound = server.address();
      const told: Address =
        typeof bound === 'string' || bound === null || 'path' in address
          ? address
          : { host: address.host, port: bound.port };
      resolve({
        address: told,
        close: async () => void server.close(), // Links that were accepted live on: their owner ends them.
      });
    });
  });
}

function take(accepted: net.Socket, slabs: boolean, accept: (link: Link) => void): void {
  const remote = remoteOf(accepted);
  const slab = slabs ? new Slab() : undefined;
  let link: NodeLink | undefined;
  const adopted =
    slab === undefined
      ? undefined
      : adopt(accepted, {
          buffer: () => slab.room(),
          callback: (count) => {
            link?.received(slab.take(count));
            return true;
          },
        });
  const socket = adopted ?? accepted;
  const opened = new NodeLink(socket, remote);
  link = opened;
  accept(opened);
  if (adopted === undefined) {
    socket.on('data', (bytes) => opened.received(bytes));
    socket.resume();
  } else socket.read(0);
}

async function listenOnLoopback(port: number, slabs: boolean, accept: (link: Link) => void): Promise<Listener> {
  for (let tried = 1; ; tried++) {
    const four = await listenOn({ host: '127.0.0.1', port }, slabs, accept);
    const chosen = 'port' in four.address ? four.address.port : port;
    try {
      const six = await listenOn({ host: '::1', port: chosen }, slabs, accept);
      return {
        address: { host: 'localhost', port: chosen },
        close: async () => void (await Promise.all([four.close(), six.close()])),
      };
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
        return { ...four, address: { host: 'localhost', port: chosen } };
      await four.close();
      if (port !== 0 || code !== 'EADDRINUSE' || tried === LOOPBACK_TRIES) throw error;
    }
  }
}

/** An empty host is every interface: both families where the machine has both. */
async function listenOnAll(port: number, slabs: boolean, accept: (link: Link) => void): Promise<Listener> {
  try {
    return await listenOn({ host: '::', port }, slabs, accept);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
    return listenOn({ host: '0.0.0.0', port }, slabs, accept);
  }
}

/** A Unix socket outlives a killed process as a file; one that nobody answers on may go. */
async function removeStaleSocket(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined || !there.isSocket()) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = net.connect({ path });
    probe.once('connect', () => resolve((probe.destroy(), true)));
    probe.once('error', (error) => resolve(systemCode(error) !== 'ECONNREFUSED'));
  });
  if (!answered) await unlink(path).catch(() => {});
}

function remoteOf(socket: net.Socket): string {
  const host = socket.remoteAddress;
  if (host === undefined) return 'unix';
  return `${host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host}:${socket.remotePort ?? 0}`;
}

function timedOut(address: Address, timeoutMs: number): Error {
  const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
  return Object.assign(new Error(`no connection to ${where} within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}
