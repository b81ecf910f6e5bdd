import { type Uuid, silentLogger } from '@trunkline/kernel';
import { compression, crc32c, nodeScramHashes } from '@trunkline/platform';
import { type AnyApi, FindCoordinator, type ResponseOf } from '@trunkline/protocol';
import { type Heard, ManualClock, type ScriptedBroker, ScriptedCluster, SimRandom } from '@trunkline/testing';
import { KafkaClient } from '../src/client.js';
import type { ClientOptions } from '../src/config.js';
import { KafkaError } from '../src/error.js';

export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
export const OFFSET_MAX = 2n ** 63n - 1n;

/** Steps of virtual time. */
const STEP_MS = 20;
/** Longer than any pause between two tries. */
const PAUSES_MS = 2_000;

/** A client among brokers that answer as a test tells them to, in virtual time. One topic `t`, led by broker 1. */
export class HostileWorld {
  readonly clock = new ManualClock();
  readonly brokers: ScriptedCluster;
  readonly client: KafkaClient;

  constructor(count = 1, options: Partial<ClientOptions> = {}) {
    this.brokers = new ScriptedCluster(count);
    this.brokers.topics = [{ name: 't', topicId: TOPIC_ID, leaders: [{ leader: 1, epoch: 1 }] }];
    for (const broker of this.brokers.brokers) broker.on(FindCoordinator, (request) => this.coordinator(request));
    const { network } = this.brokers;
    const random = new SimRandom(7);
    const ports = {
      network,
      clock: this.clock,
      random,
      crc32c,
      compression,
      hashes: nodeScramHashes,
      logger: silentLogger,
    };
    this.client = new KafkaClient({ bootstrap: this.brokers.bootstrap, requestTimeoutMs: 5_000, ...options }, ports);
  }

  broker(nodeId = 1): ScriptedBroker {
    return this.brokers.brokers[nodeId - 1]!;
  }

  /** Broker `nodeId` coordinates everything. */
  coordinator(
    { coordinatorKeys }: { readonly coordinatorKeys: readonly string[] },
    nodeId = 1,
  ): ResponseOf<typeof FindCoordinator> {
    const { host, port } = this.broker(nodeId);
    return {
      coordinators: coordinatorKeys.map((key) => ({ key, nodeId, host, port, errorCode: 0, errorMessage: null })),
    };
  }

  /** All that any broker heard. */
  get heard(): readonly Heard[] {
    return this.brokers.brokers.flatMap(({ heard }) => heard);
  }

  count(api: AnyApi): number {
    return this.heard.filter((one) => one.api === api.name).length;
  }

  /** Lets time go on. */
  async run(ms: number): Promise<void> {
    await turns();
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      this.clock.advance(STEP_MS);
      await turns();
    }
  }

  /** What became of it, at the latest after so much time: its value, the code of its error, or that it hangs. */
  async outcome<T>(promise: Promise<T>, limitMs = 60_000): Promise<T | string> {
    let outcome: T | string | undefined;
    let isSettled = false;
    promise.then(
      (value) => {
        outcome = value;
        isSettled = true;
      },
      (reason: unknown) => {
        outcome = reason instanceof KafkaError ? reason.code : `not a KafkaError: ${String(reason)}`;
        isSettled = true;
      },
    );
    await turns();
    for (let passedMs = 0; passedMs < limitMs && !isSettled; passedMs += STEP_MS) {
      this.clock.advance(STEP_MS);
      await turns();
    }
    return isSettled ? outcome! : 'hangs';
  }

  /** Closes the client; gives what it left behind a little later, when pauses that had begun are over: timers, connections. */
  async leftovers(): Promise<{ readonly timers: number; readonly connections: number }> {
    await this.outcome(this.client.close());
    await this.run(PAUSES_MS);
    const connections = this.brokers.brokers.reduce((sum, { open }) => sum + open, 0);
    return { timers: this.clock.pending, connections };
  }
}

export const NOTHING_LEFT = { timers: 0, connections: 0 };

/** Lets everything happen that needs no time; what turns without end is cut off, and seen by its count. */
export async function turns(count = 12): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
