import { nodeId, offset, type Decision, type NodeId, type Random, type Uuid } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import { Controller } from '../src/controller.js';
import type { BrokerRegistration } from '../src/broker-registration.js';
import { SUPPORTED_FEATURES } from '../src/features.js';
import type { StaticBrokerConfig } from '../src/config/effective.js';
import { emptyImage, stepImage, type LoadedImage } from '../src/image-loader.js';
import type { MetadataRecord } from '../src/records.js';
import type { NewTopic } from '../src/topic-decisions.js';

/** A node that was started with these settings. */
export function staticConfig(settings: Readonly<Record<string, string>> = {}, id = 1): StaticBrokerConfig {
  return { nodeId: nodeId(id), values: new Map(Object.entries(settings)) };
}

/** A topic with the broker's defaults. */
export function newTopic(name: string, over: Partial<NewTopic> = {}): NewTopic {
  return { name, partitionCount: -1, replicationFactor: -1, assignments: [], configs: [], ...over };
}

/** What a broker says of itself. */
export function registration(id: number, random: Random, rack: string | null = null): BrokerRegistration {
  return {
    brokerId: id as NodeId,
    incarnationId: random.uuid(),
    endPoints: [{ name: 'PLAINTEXT', host: `host-${id}`, port: 9092, securityProtocol: 0 }],
    features: SUPPORTED_FEATURES,
    rack,
    logDirs: [random.uuid()],
  };
}

/** Dice that can be exchanged while somebody holds them. */
export class Dice implements Random {
  constructor(public inner: SimRandom) {}

  below(limit: number): number {
    return this.inner.below(limit);
  }

  uuid(): Uuid {
    return this.inner.uuid();
  }
}

/** A controller and the image of its records, side by side, without a log. */
export class ControllerWorld {
  readonly random: Dice;
  readonly controller: Controller;
  readonly records: MetadataRecord[] = [];
  image: LoadedImage = emptyImage('cluster');

  constructor(seed = 1, statics: StaticBrokerConfig = staticConfig()) {
    this.random = new Dice(new SimRandom(seed));
    this.controller = new Controller({ random: this.random, statics });
  }

  /** Replays a decision's records into both, and gives its response. */
  commit<Response>({ records, response }: Decision<MetadataRecord, Response>): Response {
    for (const record of records) this.controller.replay(record);
    this.records.push(...records);
    if (records.length > 0) this.image = stepImage(this.image, records, offset(this.records.length)).image;
    return response;
  }

  /** Takes brokers in. */
  withBrokers(...ids: readonly number[]): this {
    for (const id of ids) this.commit(this.controller.registerBroker(registration(id, this.random)));
    return this;
  }
}
