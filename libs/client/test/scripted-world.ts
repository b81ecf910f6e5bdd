import { expect } from '@jest/globals';
import { silentLogger } from '@trunkline/kernel';
import { crc32c, nodeScramHashes } from '@trunkline/platform';
import { Heartbeat } from '@trunkline/protocol';
import { ManualClock, type ScriptedBroker, ScriptedCluster, SimRandom } from '@trunkline/testing';
import { KafkaClient } from '../src/client.js';
import type { KafkaCluster } from '../src/cluster/kafka-cluster.js';
import type { ClientOptions } from '../src/config.js';
import { KafkaError } from '../src/error.js';

export const OK = { throttleTimeMs: 0, errorCode: 0 };
export const BEAT = { groupId: 'g', generationId: 1, memberId: 'm' };
export const ANYONE = { kind: 'anyone' } as const;
export const node = (nodeId: number) => ({ kind: 'node', nodeId }) as const;

const STEP_MS = 20;

/** A client among scripted brokers, in a time that a test moves. */
export class ScriptedWorld {
  readonly clock = new ManualClock();
  brokers = new ScriptedCluster(1);
  readonly #clients: KafkaClient[] = [];

  /** So many brokers, and a client that knows the addresses of all. */
  start(count = 1, options: Partial<ClientOptions> = {}): KafkaCluster {
    this.brokers = new ScriptedCluster(count);
    for (const broker of this.brokers.brokers) broker.on(Heartbeat, () => OK);
    return this.connect(options);
  }

  /** A client of the brokers that there are. */
  connect(options: Partial<ClientOptions> = {}): KafkaCluster {
    const { clock, brokers } = this;
    const random = new SimRandom(7);
    const ports = { network: brokers.network, clock, random, crc32c, hashes: nodeScramHashes, logger: silentLogger };
    const client = new KafkaClient({ bootstrap: brokers.bootstrap, ...options }, ports);
    this.#clients.push(client);
    return client.cluster;
  }

  broker(nodeId: number): ScriptedBroker {
    return this.brokers.brokers[nodeId - 1]!;
  }

  /** Lets time go on until the promise has settled. */
  async within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
    let settled = false;
    void promise.catch(() => {}).finally(() => (settled = true));
    await turns();
    for (let passedMs = 0; !settled && passedMs < limitMs; passedMs += STEP_MS) {
      this.clock.advance(STEP_MS);
      await turns();
    }
    if (!settled) throw new Error(`not settled within ${limitMs} ms`);
    return await promise;
  }

  async closeClients(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }

  /** Closes every client, and holds that nothing of them is left. */
  async end(): Promise<void> {
    await this.closeClients();
    await turns();
    expect(this.clock.pending).toBe(0);
    for (const broker of this.brokers.brokers) expect(broker.open).toBe(0);
  }
}

/** Lets everything happen that needs no time. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The code with which a promise is rejected. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no error',
    (reason: unknown) => (reason instanceof KafkaError ? reason.code : String(reason)),
  );
}
