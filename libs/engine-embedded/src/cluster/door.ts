import type { Address, Link, Listener, Network } from '@trunkline/kernel';

/**
 * A socket that listens for a node, and goes on listening while the node is dead: its port must be the same when the
 * node comes back, and no other process may get it meanwhile. Whoever comes then is sent away.
 */
export class Door {
  private constructor(private readonly listener: Listener) {}

  /** Rejects with a system error (`EADDRINUSE`, `EACCES`). */
  static async open(network: Network, address: Address, knock: (link: Link, at: Address) => void): Promise<Door> {
    const listener = await network.listen(address, (link) => knock(link, listener.address));
    return new Door(listener);
  }

  /** With the port that was chosen. */
  get address(): Address {
    return this.listener.address;
  }

  close(): Promise<void> {
    return this.listener.close();
  }
}
