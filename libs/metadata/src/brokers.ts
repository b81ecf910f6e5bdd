import { ApiError, invariant, type NodeId, type ReplicatedState } from '@trunkline/kernel';
import type { BrokerImage } from './image.js';
import { brokerOf, changedBroker } from './image-parts.js';
import type { MetadataRecord } from './records.js';

/** Which brokers there are. */
export class Brokers implements ReplicatedState<MetadataRecord>, Iterable<BrokerImage> {
  readonly #byId = new Map<NodeId, BrokerImage>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: NodeId): BrokerImage | undefined {
    return this.#byId.get(id);
  }

  [Symbol.iterator](): IterableIterator<BrokerImage> {
    return this.#byId.values();
  }

  /** Brokers that may be given partitions, by id: also fenced ones, which may come back, but none that goes down. */
  get usable(): readonly BrokerImage[] {
    return [...this].filter(({ inControlledShutdown }) => !inControlledShutdown).toSorted((a, b) => a.id - b.id);
  }

  /** Whether a broker may lead and be in sync: it is not fenced, and does not go down. */
  isActive(id: NodeId): boolean {
    const broker = this.#byId.get(id);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  replay(record: MetadataRecord): void {
    switch (record.kind) {
      case 'register-broker':
        this.#byId.set(record.brokerId, brokerOf(record));
        return;
      case 'broker-registration-change': {
        const broker = this.#byId.get(record.brokerId);
        invariant(broker !== undefined, 'a broker is registered before it changes');
        this.#byId.set(record.brokerId, changedBroker(broker, record));
        return;
      }
      case 'unregister-broker':
        this.#byId.delete(record.brokerId);
        return;
      default:
        return;
    }
  }

  /** The broker, when this is its registration. Throws STALE_BROKER_EPOCH: it must register again. */
  require(id: NodeId, brokerEpoch: bigint): BrokerImage {
    const broker = this.#byId.get(id);
    if (broker === undefined) throw new ApiError('STALE_BROKER_EPOCH', `broker ${id} is not registered`);
    if (broker.epoch !== brokerEpoch) {
      throw new ApiError('STALE_BROKER_EPOCH', `broker ${id} has epoch ${broker.epoch}, not ${brokerEpoch}`);
    }
    return broker;
  }
}
