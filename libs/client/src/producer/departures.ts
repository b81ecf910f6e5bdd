import type { TopicImage } from '../cluster/cluster.js';
import type { ProducerEffect, Shipment } from './effects.js';
import type { ProducerBatch } from './batch.js';
import type { PartitionWriter } from './partition-writer.js';
import type { ProducerSettings } from './producer-options.js';

/** New leaders in a row that are followed without a pause: brokers that go on naming others are no hot loop. */
const LEADER_HOPS_MAX = 3;

/** What departures need to know of the world at the moment. */
export interface Outlook {
  readonly nowMs: number;
  imageOf(topic: string): TopicImage | undefined;
  /** Linger or not; before which moment a batch does not leave. */
  readonly isHurried: boolean;
}

/** Which batches leave, in which requests: in-flight limits, request sizes, pauses and lingering. */
export class Departures {
  readonly #inFlight = new Map<number, number>();
  /** When something that waits may leave. */
  wakeAtMs = Infinity;

  constructor(
    private readonly settings: ProducerSettings,
    private readonly effects: ProducerEffect[],
    /** Told of each partition from which a batch left. */
    private readonly placement: { left(writer: PartitionWriter): void },
  ) {}

  get requestCount(): number {
    let count = 0;
    for (const each of this.#inFlight.values()) count += each;
    return count;
  }

  /** A request is over. */
  arrived({ nodeId }: Shipment): void {
    const count = this.#inFlight.get(nodeId)! - 1;
    if (count === 0) this.#inFlight.delete(nodeId);
    else this.#inFlight.set(nodeId, count);
  }

  /** Lets leave what may; takes partitions from `ready` that have nothing to send until something happens to them. */
  depart(ready: Set<PartitionWriter>, outlook: Outlook): void {
    this.wakeAtMs = Infinity;
    for (let isMoving = true; isMoving;) {
      const shipments = new Map<number, Shipment>();
      isMoving = false;
      for (const writer of ready) {
        const loaded = this.#load(writer, shipments, outlook);
        if (loaded === 'idle') ready.delete(writer);
        else if (loaded === 'moved') isMoving = true;
      }
      for (const shipment of shipments.values()) this.effects.push({ kind: 'send', shipment });
    }
  }

  #load(writer: PartitionWriter, shipments: Map<number, Shipment>, outlook: Outlook): 'moved' | 'idle' | 'later' {
    const batch = writer.next();
    if (batch === undefined) return 'idle';
    const image = outlook.imageOf(writer.topic)?.partitions[writer.partition];
    const { nowMs } = outlook;
    const hops = writer.failures <= LEADER_HOPS_MAX && (image?.leaderEpoch ?? -1) > writer.failedEpoch;
    if (writer.notBeforeMs > nowMs && !hops) {
      return this.#later(writer.notBeforeMs);
    }
    if (image === undefined || image.leader < 0) {
      this.effects.push({ kind: 'doubt', topic: writer.topic, partition: writer.partition });
      writer.failedEpoch = image?.leaderEpoch ?? -1;
      writer.notBeforeMs = nowMs + this.settings.retryBackoffMs;
      return this.#later(writer.notBeforeMs);
    }
    const lingersToMs = this.#lingersTo(writer, batch, outlook);
    if (lingersToMs > nowMs) return this.#later(lingersToMs);
    return this.#put(writer, batch, image.leader, shipments) ? 'moved' : 'later';
  }

  #later(atMs: number): 'later' {
    if (atMs < this.wakeAtMs) this.wakeAtMs = atMs;
    return 'later';
  }

  #lingersTo(writer: PartitionWriter, batch: ProducerBatch, { isHurried }: Outlook): number {
    const { lingerMs } = this.settings;
    if (lingerMs === 0 || isHurried || !batch.isOpen || batch.isUrgent || writer.waiting.length > 1) return 0;
    return batch.createdMs + lingerMs;
  }

  #put(writer: PartitionWriter, batch: ProducerBatch, nodeId: number, shipments: Map<number, Shipment>): boolean {
    let shipment = shipments.get(nodeId);
    const { inFlightMax, requestBytesMax } = this.settings;
    if (shipment === undefined) {
      const count = this.#inFlight.get(nodeId) ?? 0;
      if (count >= inFlightMax) return false;
      this.#inFlight.set(nodeId, count + 1);
      shipments.set(nodeId, (shipment = { nodeId, batches: [], bytes: 0 }));
    } else if (writer.aboard === shipment || shipment.bytes + batch.sizeBytes > requestBytesMax) return false;
    writer.leaves(batch);
    const { producerId, producerEpoch } = writer.identity;
    const bytes = batch.bytes(producerId, producerEpoch, batch.baseSequence);
    shipment.batches.push({ writer, batch, bytes });
    writer.aboard = shipment;
    shipment.bytes += bytes.byteLength;
    this.placement.left(writer);
    return true;
  }
}
