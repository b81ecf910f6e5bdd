import type { Address, Link, Listener, Network } from '@trunkline/kernel';
import { inProcessLinks } from '@trunkline/broker';

const FIRST_PORT = 1024;

/** A network inside the process: links of bytes, no sockets. Each instance is a world of its own. */
export class InProcessNetwork implements Network {
  readonly #accepting = new Map<string, (link: Link) => void>();
  #nextPort = FIRST_PORT;
  #nextClient = 40_000;

  listen(address: Address, accept: (link: Link) => void): Promise<Listener> {
    const bound = 'port' in address && address.port === 0 ? { ...address, port: this.#nextPort++ } : address;
    const key = keyOf(bound);
    if (this.#accepting.has(key)) return Promise.reject(systemError('EADDRINUSE', key));
    this.#accepting.set(key, accept);
    return Promise.resolve({ address: bound, close: async () => void this.#accepting.delete(key) });
  }

  connect(address: Address): Promise<Link> {
    const key = keyOf(address);
    const accept = this.#accepting.get(key);
    if (accept === undefined) return Promise.reject(systemError('ECONNREFUSED', key));
    const [client, server] = inProcessLinks(`127.0.0.1:${this.#nextClient++}`, key, setImmediate);
    accept(server);
    return Promise.resolve(client);
  }
}

function keyOf(address: Address): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

function systemError(code: string, where: string): Error {
  return Object.assign(new Error(`${code} ${where}`), { code });
}
