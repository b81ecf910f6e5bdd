import { ApiError, invariant, type Decision, type NodeId, type ReplicatedState, type Uuid } from '@trunkline/kernel';
import type { BrokerImage } from './image.js';
import { brokerOf, changedBroker } from './image-parts.js';
import type { Endpoint, FeatureRange, MetadataRecord } from './records.js';

/** What a broker says of itself when it comes up. */
export interface BrokerRegistration {
  readonly brokerId: NodeId;
  /** New at each start of the process. */
  readonly incarnationId: Uuid;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly logDirs: readonly Uuid[];
}

/** Which brokers there are. */
export class Brokers implements ReplicatedState<MetadataRecord> {
  readonly #byId = new Map<NodeId, BrokerImage>();

  get(id: NodeId): BrokerImage | undefined {
    return this.#byId.get(id);
  }

  /** Brokers that may be given partitions, by id. */
  get alive(): readonly BrokerImage[] {
    return [...this.#byId.values()].filter(({ fenced }) => !fenced).toSorted((left, right) => left.id - right.id);
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

  /**
   * Takes a broker in. Its epoch is the offset of its registration, so that it rises with each start.
   *
   * Not done yet: heartbeats. A broker that registers is alive until it says otherwise.
   */
  register(
    registration: BrokerRegistration,
    nextOffset: number,
  ): Decision<MetadataRecord, { readonly brokerEpoch: bigint }> {
    const brokerEpoch = BigInt(nextOffset);
    const record: MetadataRecord = {
      kind: 'register-broker',
      ...registration,
      brokerEpoch,
      fenced: false,
      inControlledShutdown: false,
    };
    return { records: [record], response: { brokerEpoch } };
  }

  /** The broker, when this is its registration. Throws BROKER_ID_NOT_REGISTERED, STALE_BROKER_EPOCH. */
  require(id: NodeId, brokerEpoch: bigint): BrokerImage {
    const broker = this.#byId.get(id);
    if (broker === undefined) throw new ApiError('BROKER_ID_NOT_REGISTERED', `broker ${id}`);
    if (broker.epoch !== brokerEpoch)
      throw new ApiError('STALE_BROKER_EPOCH', `broker ${id} has epoch ${broker.epoch}`);
    return broker;
  }

  /** Says that a broker goes down in order. Throws as {@link require}. */
  beginShutdown(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, void> {
    this.require(id, brokerEpoch);
    const record: MetadataRecord = {
      kind: 'broker-registration-change',
      brokerId: id,
      brokerEpoch,
      inControlledShutdown: true,
    };
    return { records: [record], response: undefined };
  }
}
