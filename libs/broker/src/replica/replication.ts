import { asError, type Clock, type Crc32c, type Logger, type NodeId, type Timer } from '@trunkline/kernel';
import type { ControllerChannel } from '../peers/controller-channel.js';
import type { Peers } from '../peers/peers.js';
import { ReplicaFetchers } from './fetchers/replica-fetchers.js';
import { IsrProposals } from './isr-proposals.js';
import type { ReplicaManager } from './replica-manager.js';
import type { ReplicationSettings } from './replication-settings.js';

/** The other nodes, and who this one is to them. */
export interface ReplicationPeers {
  /** Of this uptime, once the broker is registered. */
  readonly brokerEpoch: () => bigint;
  readonly peers: Peers;
  readonly controller: ControllerChannel;
}

export interface ReplicationOptions extends ReplicationPeers {
  readonly nodeId: NodeId;
  readonly replicas: ReplicaManager;
  readonly clock: Clock;
  readonly crc32c: Crc32c;
  readonly logger: Logger;
  readonly settings: ReplicationSettings;
}

/**
 * What moves between the replicas of this node and the other nodes: followers fetch, leaders look who lags, and propose
 * other ISRs to the controller. To be begun once the broker is registered, so that its fetches carry the epoch of this
 * uptime (KIP-903).
 */
export class Replication {
  readonly #fetchers: ReplicaFetchers;
  readonly #proposals: IsrProposals;
  #timer: Timer | undefined;
  #checkpoint: Timer | undefined;
  #closed = false;

  constructor(private readonly options: ReplicationOptions) {
    this.#fetchers = new ReplicaFetchers(options);
    this.#proposals = new IsrProposals(options);
    options.replicas.listen({
      hasProposal: (partition) => this.#proposals.add(partition),
      placed: (partition) => this.#fetchers.placed(partition),
    });
    this.#tick();
    this.#note();
  }

  /** Fetches nothing and proposes nothing any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#checkpoint?.cancel();
    this.#fetchers.close();
    this.#proposals.close();
  }

  /** As often as Kafka looks: a follower that lags is out after one and a half times the limit at the latest. */
  #tick(): void {
    const { clock, settings, replicas } = this.options;
    this.#timer = clock.after(settings.lagMaxMs / 2, () => {
      if (this.#closed) return;
      replicas.tick();
      this.#tick();
    });
  }

  /** So that the next uptime knows what may be read, even when too few replicas are in sync then. */
  #note(): void {
    const { clock, settings, replicas, logger } = this.options;
    this.#checkpoint = clock.after(settings.checkpointMs, () => {
      if (this.#closed) return;
      void replicas
        .writeWatermarks()
        .catch((reason: unknown) => logger.warn('watermarks could not be noted', { why: asError(reason).message }))
        .finally(() => {
          if (!this.#closed) this.#note();
        });
    });
  }
}
