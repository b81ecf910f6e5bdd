import type { Address, Link, Listener, Network } from '@trunkline/kernel';
import { showAddress } from './address.js';

/** Gives a new link to what answers at an address; undefined: nobody there, or none of ours. */
export type LinkTo = (address: Address) => Link | undefined;

/**
 * A network of links instead of sockets: a client on it talks with brokers in its own process, byte for byte as over TCP.
 *
 * `linkTo` is asked for every address, those that metadata names too: for one embedded broker it is
 * `() => broker.link()`. Addresses that it does not know go to `beyond`, or are refused as by a machine without a
 * listener (ECONNREFUSED). Nothing can listen here.
 */
export class LinkNetwork implements Network {
  constructor(
    private readonly linkTo: LinkTo,
    private readonly beyond?: Network,
  ) {}

  listen(address: Address): Promise<Listener> {
    return Promise.reject(systemError('EADDRNOTAVAIL', address));
  }

  connect(address: Address, timeoutMs: number): Promise<Link> {
    try {
      const link = this.linkTo(address);
      if (link !== undefined) return Promise.resolve(link);
    } catch (reason) {
      return Promise.reject(systemError('ECONNREFUSED', address, reason));
    }
    return this.beyond?.connect(address, timeoutMs) ?? Promise.reject(systemError('ECONNREFUSED', address));
  }
}

function systemError(code: string, address: Address, cause?: unknown): Error {
  return Object.assign(new Error(`${code} ${showAddress(address)}`, { cause }), { code });
}
