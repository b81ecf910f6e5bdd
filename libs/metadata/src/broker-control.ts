import { ApiError, type Decision, type NodeId, type Uuid } from '@trunkline/kernel';
import { brokerLosesTrust, brokerReturns, brokersLeave, directoriesLost, leadsAny } from './broker-partitions.js';
import {
  refuseDirectories,
  refuseDuplicate,
  refuseFeatures,
  refuseTooManyBrokers,
  type BrokerRegistration,
  type Heard,
} from './broker-registration.js';
import { MIN_ISR } from './config-decisions.js';
import { brokerConfigText } from './config/effective.js';
import type { Features } from './features.js';
import type { BrokerImage } from './image.js';
import type { ReplicationState } from './partition-round.js';
import { CONFIG_RESOURCE_TYPES, type BrokerRegistrationChangeRecord, type MetadataRecord } from './records.js';

/** What a broker says every now and then. */
export interface BrokerHeartbeat {
  readonly brokerId: NodeId;
  readonly brokerEpoch: bigint;
  /** The highest offset of the metadata log that it has applied: `image.endOffset - 1`. */
  readonly currentMetadataOffset: number;
  readonly wantFence: boolean;
  readonly wantShutDown: boolean;
  /** Directories that have failed. */
  readonly offlineLogDirs: readonly Uuid[];
}

export interface BrokerHeartbeatAnswer {
  /** It has applied its own registration, and so knows of all that happened while it was away (C29). */
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  readonly inControlledShutdown: boolean;
  /** It may end now. */
  readonly shouldShutDown: boolean;
}

/** Where a broker stands after a heartbeat. */
type BrokerStanding = 'fenced' | 'unfenced' | 'controlled-shutdown' | 'shutdown-now';

/** Decides on brokers: who is in, who is out, and what that means for their partitions. */
export class BrokerControl {
  constructor(
    private readonly state: ReplicationState,
    private readonly features: Features,
  ) {}

  register(
    registration: BrokerRegistration,
    nextOffset: number,
    heard: Heard | undefined,
  ): Decision<MetadataRecord, { readonly brokerEpoch: bigint }> {
    const { previousBrokerEpoch = -1n, heartbeats = false, ...told } = registration;
    const { brokerId } = told;
    const before = this.state.brokers.get(brokerId);
    refuseTooManyBrokers(registration, this.state.brokers);
    refuseDirectories(registration, this.state.brokers);
    refuseFeatures(registration, this.features.levels);
    refuseDuplicate(registration, before, heard);
    const isSame = before?.incarnationId === told.incarnationId;
    const isProven = before?.epoch === previousBrokerEpoch;
    const records: MetadataRecord[] = [...this.features.initialize().records];
    if (heartbeats) records.push(...this.#minIsrOfCluster());
    if (!isSame) records.push(...this.#partitionsOfNewUptime(brokerId, heartbeats, isProven));
    const brokerEpoch = isSame ? before.epoch : BigInt(nextOffset + records.length);
    records.push({
      kind: 'register-broker',
      ...told,
      brokerEpoch,
      fenced: isSame ? before.fenced : heartbeats,
      inControlledShutdown: isSame && before.inControlledShutdown,
    });
    if (!isSame) heard?.liveness.forget(brokerId);
    return { records, response: { brokerEpoch } };
  }

  /** Marks a broker that sends no heartbeats as going. Its partitions stay: there is nobody else. */
  beginShutdown(id: NodeId, brokerEpoch: bigint): Decision<MetadataRecord, void> {
    const broker = this.state.brokers.require(id, brokerEpoch);
    return { records: [changeOf(broker, { inControlledShutdown: true })], response: undefined };
  }

  heartbeat(
    beat: BrokerHeartbeat,
    nextOffset: number,
    { liveness, nowMs }: Heard,
  ): Decision<MetadataRecord, BrokerHeartbeatAnswer> {
    const broker = this.state.brokers.require(beat.brokerId, beat.brokerEpoch);
    liveness.heard(broker.id, nowMs, beat.currentMetadataOffset);
    const isCaughtUp = BigInt(beat.currentMetadataOffset) >= broker.epoch;
    const standing = this.#standing(beat, broker, isCaughtUp, liveness);
    const records = this.#recordsOf(broker, standing, beat.offlineLogDirs);
    if (standing === 'controlled-shutdown') liveness.goesDown(broker.id, nextOffset + records.length - 1);
    if (standing === 'shutdown-now') liveness.forget(broker.id);
    const response = {
      isCaughtUp,
      isFenced: standing === 'fenced' || standing === 'shutdown-now',
      inControlledShutdown: standing === 'controlled-shutdown',
      shouldShutDown: standing === 'shutdown-now',
    };
    return { records, response };
  }

  /** Fences those of the brokers that are not fenced yet, in one step. */
  fence(ids: Iterable<NodeId>): Decision<MetadataRecord, readonly NodeId[]> {
    const fenced = [...new Set(ids)].flatMap((id) => {
      const broker = this.state.brokers.get(id);
      return broker === undefined || broker.fenced ? [] : [broker];
    });
    const going = new Set(fenced.map(({ id }) => id));
    if (going.size === 0) return { records: [], response: [] };
    const changes = fenced.map((broker) => changeOf(broker, { fenced: true }));
    return { records: [...brokersLeave(this.state, going), ...changes], response: [...going] };
  }

  unregister(id: NodeId): Decision<MetadataRecord, void> {
    const broker = this.state.brokers.get(id);
    if (broker === undefined) throw new ApiError('BROKER_ID_NOT_REGISTERED', `Broker ${id} is not registered`);
    const gone: MetadataRecord = { kind: 'unregister-broker', brokerId: id, brokerEpoch: broker.epoch };
    return { records: [...brokerLosesTrust(this.state, id), gone], response: undefined };
  }

  /**
   * min.insync.replicas counts on leaders and controllers alike, so a cluster of several nodes writes it down once: else
   * nodes that were started with different values would disagree on who is eligible (KIP-966).
   */
  #minIsrOfCluster(): readonly MetadataRecord[] {
    const { configs, statics } = this.state;
    const [resourceType, name] = [CONFIG_RESOURCE_TYPES.broker, MIN_ISR];
    if (configs.of(resourceType, '').has(name)) return [];
    return [{ kind: 'config', resourceType, resourceName: '', name, value: brokerConfigText(configs, statics, name) }];
  }

  #partitionsOfNewUptime(id: NodeId, heartbeats: boolean, isProven: boolean): readonly MetadataRecord[] {
    if (!heartbeats) return brokerReturns(this.state, id);
    return isProven ? brokersLeave(this.state, new Set([id])) : brokerLosesTrust(this.state, id);
  }

  #standing(
    { wantFence, wantShutDown, offlineLogDirs }: BrokerHeartbeat,
    broker: BrokerImage,
    isCaughtUp: boolean,
    liveness: Heard['liveness'],
  ): BrokerStanding {
    const lost = broker.logDirs.filter((dir) => offlineLogDirs.includes(dir));
    const isBlind = lost.length === broker.logDirs.length;
    if (broker.fenced) {
      // Whoever was fenced on the way down cannot turn round: it may come back by another registration.
      if (wantShutDown || broker.inControlledShutdown) return 'shutdown-now';
      return wantFence || !isCaughtUp || lost.length > 0 ? 'fenced' : 'unfenced';
    }
    if (wantFence || isBlind) return wantShutDown ? 'shutdown-now' : 'fenced';
    if (broker.inControlledShutdown) return this.#mayGo(broker, liveness) ? 'shutdown-now' : 'controlled-shutdown';
    if (!wantShutDown) return 'unfenced';
    return leadsAny(this.state, broker.id) ? 'controlled-shutdown' : 'shutdown-now';
  }

  /** Whether all others know who leads instead (C51). A new active controller does not know since when, and begins anew. */
  #mayGo({ id }: BrokerImage, liveness: Heard['liveness']): boolean {
    const offset = liveness.shutdownOffset(id);
    if (offset === undefined || leadsAny(this.state, id)) return false;
    const others = [...this.state.brokers].filter((other) => other.id !== id && this.state.brokers.isActive(other.id));
    return others.every((other) => liveness.metadataOffset(other.id) >= offset);
  }

  #recordsOf(
    broker: BrokerImage,
    standing: BrokerStanding,
    offlineLogDirs: readonly Uuid[],
  ): readonly MetadataRecord[] {
    const { fenced, inControlledShutdown } = broker;
    const left = broker.logDirs.filter((dir) => !offlineLogDirs.includes(dir));
    const lost = left.length === 0 ? [] : broker.logDirs.filter((dir) => offlineLogDirs.includes(dir));
    const isOut = standing === 'fenced' || standing === 'shutdown-now';
    const change: RegistrationChange = {
      ...(fenced !== isOut && { fenced: isOut }),
      ...(standing === 'controlled-shutdown' && !inControlledShutdown && { inControlledShutdown: true }),
      ...(lost.length > 0 && { logDirs: left }),
    };
    const changes = Object.keys(change).length > 0 ? [changeOf(broker, change)] : [];
    if (fenced && !isOut) return [...changes, ...brokerReturns(this.state, broker.id)];
    const leaves = !fenced && standing !== 'unfenced';
    const partitions = leaves
      ? brokersLeave(this.state, new Set([broker.id]))
      : directoriesLost(this.state, broker.id, lost);
    return [...partitions, ...changes];
  }
}

type RegistrationChange = Omit<BrokerRegistrationChangeRecord, 'kind' | 'brokerId' | 'brokerEpoch'>;

function changeOf({ id, epoch }: BrokerImage, change: RegistrationChange): BrokerRegistrationChangeRecord {
  return { kind: 'broker-registration-change', brokerId: id, brokerEpoch: epoch, ...change };
}
