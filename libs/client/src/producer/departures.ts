import type { TopicImage } from '../cluster/cluster.js';
import type { ProducerEffect, Shipment, Shipped } from './effects.js';
import type { ProducerBatch } from './batch.js';
import type { PartitionWriter } from './partition-writer.js';
import type { ReadyWriters } from './ready-writers.js';
import type { ProducerSettings } from './producer-options.js';

/** New leaders in a row that are followed without a pause: brokers that go on naming others are no hot loop. */
const LEADER_HOPS_MAX = 3;

/** What departures need to know of partitions, and tell of them. */
export interface Platform {
  imageOf(topic: string): TopicImage | undefined;
  /** A batch of the partition has left. */
  left(writer: PartitionWriter): void;
}

/** A broker, as departures see it. Kept once it was sent to: a cluster names few of them. */
interface Destination {
  inFlight: number;
  /** What is loaded for it. */
  shipment: Shipment | undefined;
}

/** Which batches leave, in which requests: in-flight limits, request sizes, pauses and lingering. */
export class Departures {
  readonly #destinations = new Map<number, Destination>();
  #nowMs = 0;
  #isHurried = false;
  /** When something that waits may leave. */
  wakeAtMs = Infinity;

  constructor(
    private readonly settings: ProducerSettings,
    private readonly effects: ProducerEffect[],
    private readonly platform: Platform,
  ) {}

  get requestCount(): number {
    let count = 0;
    for (const { inFlight } of this.#destinations.values()) count += inFlight;
    return count;
  }

  /** A request is over. */
  arrived({ nodeId }: Shipment): void {
    this.#destinations.get(nodeId)!.inFlight -= 1;
  }

  /** Lets leave what may; takes partitions from `ready` that have nothing to send until something happens to them. */
  depart(ready: ReadyWriters, nowMs: number, isHurried: boolean): void {
    this.wakeAtMs = Infinity;
    this.#nowMs = nowMs;
    this.#isHurried = isHurried;
    const shipments: Shipment[] = [];
    let left = 0;
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const writer of ready.all) {
        const loaded = this.#load(writer, shipments);
        if (loaded === 'idle') writer.isReady = false;
        else if (loaded === 'moved') isMoving = true;
      }
      ready.sweep();
      for (; left < shipments.length; left++) {
        const shipment = shipments[left]!;
        this.#destinations.get(shipment.nodeId)!.shipment = undefined;
        this.effects.push({ kind: 'send', shipment });
      }
    }
  }

  #load(writer: PartitionWriter, shipments: Shipment[]): 'moved' | 'idle' | 'later' {
    const batch = writer.next();
    if (batch === undefined) return 'idle';
    const image = this.platform.imageOf(writer.topic)?.partitions[writer.partition];
    const nowMs = this.#nowMs;
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
    const lingersToMs = this.#lingersTo(writer, batch);
    if (lingersToMs > nowMs) return this.#later(lingersToMs);
    return this.#put(writer, batch, image.leader, shipments) ? 'moved' : 'later';
  }

  #later(atMs: number): 'later' {
    if (atMs < this.wakeAtMs) this.wakeAtMs = atMs;
    return 'later';
  }

  #lingersTo(writer: PartitionWriter, batch: ProducerBatch): number {
    const { lingerMs } = this.settings;
    if (lingerMs === 0 || this.#isHurried || !batch.isOpen || batch.isUrgent || writer.waiting.length > 1) return 0;
    return batch.createdMs + lingerMs;
  }

  #put(writer: PartitionWriter, batch: ProducerBatch, nodeId: number, shipments: Shipment[]): boolean {
    const destination = this.#destination(nodeId);
    const { shipment } = destination;
    const { inFlightMax, requestBytesMax } = this.settings;
    if (shipment === undefined) {
      if (destination.inFlight >= inFlightMax) return false;
    } else if (writer.aboard === shipment || shipment.bytes + batch.sizeBytes > requestBytesMax) return false;
    writer.leaves(batch);
    const { producerId, producerEpoch } = writer.identity;
    const bytes = batch.bytes(producerId, producerEpoch, batch.baseSequence);
    const shipped: Shipped = { writer, batch, bytes };
    if (shipment === undefined) {
      destination.inFlight += 1;
      destination.shipment = { nodeId, batches: [shipped], bytes: bytes.byteLength };
      shipments.push(destination.shipment);
    } else {
      shipment.batches.push(shipped);
      shipment.bytes += bytes.byteLength;
    }
    writer.aboard = destination.shipment;
    this.platform.left(writer);
    return true;
  }

  #destination(nodeId: number): Destination {
    let destination = this.#destinations.get(nodeId);
    if (destination === undefined) {
      destination = { inFlight: 0, shipment: undefined };
      this.#destinations.set(nodeId, destination);
    }
    return destination;
  }
}
