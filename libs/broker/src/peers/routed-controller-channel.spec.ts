import { describe, expect, it } from '@jest/globals';
import { ApiError, type NodeId, nodeId } from '@trunkline/kernel';
import type { ControllerRole } from '@trunkline/metadata';
import { nodeRandom } from '@trunkline/platform';
import { ApiVersions, UnregisterBroker, errorCode } from '@trunkline/protocol';
import { ManualClock, ScriptedCluster, until } from '@trunkline/testing';
import { NodePeers } from './node-peers.js';
import { RoutedControllerChannel } from './routed-controller-channel.js';

const NOT_CONTROLLER = errorCode('NOT_CONTROLLER');

/** Node 9 asks; nodes 1 to 3 are voters. Each answers with its own id, or says that it does not lead. */
class World {
  readonly clock = new ManualClock();
  readonly cluster = new ScriptedCluster(3);
  readonly leads = new Set<number>();
  readonly #listeners: ((role: ControllerRole) => void)[] = [];
  role: ControllerRole = { leaderId: nodeId(-1), epoch: 0, isActive: false };
  readonly peers = new NodePeers({
    nodeId: nodeId(9),
    network: this.cluster.network,
    clock: this.clock,
    random: nodeRandom,
    addressOf: (id) => ({ host: `10.0.0.${id}`, port: 9092 }),
  });
  readonly channel: RoutedControllerChannel;

  constructor() {
    for (const node of this.cluster.brokers) {
      node.on(UnregisterBroker, () => this.answer(node.nodeId));
    }
    this.channel = new RoutedControllerChannel({
      nodeId: nodeId(9),
      metadata: this,
      peers: this.peers,
      voters: () => [1, 2, 3, 9].map(nodeId),
      here: async () => this.answer(9) as never,
      clock: this.clock,
      random: nodeRandom,
    });
  }

  watchRole(listener: (role: ControllerRole) => void): void {
    this.#listeners.push(listener);
  }

  become(leaderId: NodeId, isActive = false): void {
    this.role = { leaderId, epoch: this.role.epoch + 1, isActive };
    for (const listener of this.#listeners) listener(this.role);
  }

  answer(id: number): { throttleTimeMs: number; errorCode: number; errorMessage: string } {
    return { throttleTimeMs: 0, errorCode: this.leads.has(id) ? 0 : NOT_CONTROLLER, errorMessage: `${id}` };
  }

  ask(timeoutMs = 5_000): Promise<string | null> {
    const asked = this.channel.ask(UnregisterBroker, { brokerId: 4 }, timeoutMs);
    return asked.then(({ errorMessage }) => errorMessage);
  }

  /** Lets time pass until a question is settled. */
  async pass<T>(asked: Promise<T>): Promise<T> {
    let settled = false;
    asked.finally(() => (settled = true)).catch(() => {});
    await until('the question is settled', () => {
      if (!settled) this.clock.advance(10);
      return settled;
    });
    return asked;
  }
}

describe('RoutedControllerChannel', () => {
  it('asks the leader that this node knows', async () => {
    const world = new World();
    world.leads.add(2);
    world.become(nodeId(2));
    expect(await world.ask()).toBe('2');
    expect(world.cluster.dialled).toEqual(['10.0.0.2:9092']);
  });

  it('answers without a socket where this node is the active controller', async () => {
    const world = new World();
    world.leads.add(9);
    world.become(nodeId(9), true);
    expect(await world.ask()).toBe('9');
    expect(world.cluster.dialled).toEqual([]);
  });

  it('finds the controller among the voters while no leader is known, and stays with it', async () => {
    const world = new World();
    world.leads.add(3);
    expect(await world.pass(world.ask())).toBe('3');
    expect(await world.ask()).toBe('3');
    expect(world.cluster.brokers.map((node) => node.count(UnregisterBroker))).toEqual([1, 1, 2]);
  });

  it('goes on to the new leader at once when the old one does not answer', async () => {
    const world = new World();
    world.cluster.brokers[0]!.on(UnregisterBroker, () => 'silence');
    world.leads.add(2);
    world.become(nodeId(1));
    const asked = world.ask();
    await until('the old leader is asked', () => world.cluster.brokers[0]!.count(UnregisterBroker) === 1);
    world.become(nodeId(2));
    expect(await world.pass(asked)).toBe('2');
  });

  it('waits for this node to be ready when it has just been elected', async () => {
    const world = new World();
    world.leads.add(9);
    world.become(nodeId(9));
    const asked = world.ask();
    world.become(nodeId(9), true);
    expect(await world.pass(asked)).toBe('9');
  });

  it('gives up in a sentence when no controller answers in time', async () => {
    const world = new World();
    for (const node of world.cluster.brokers) node.isDown = true;
    const asked = world.pass(world.ask(500));
    await expect(asked).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT', detail: /cannot be reached/ });
  });

  it('tells what no other controller could mend', async () => {
    const world = new World();
    world.become(nodeId(1));
    const { apiKeys } = { apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] };
    world.cluster.brokers[0]!.on(ApiVersions, () => ({ errorCode: 0, apiKeys }));
    await expect(world.ask()).rejects.toBeInstanceOf(ApiError);
    await expect(world.ask()).rejects.toMatchObject({ code: 'UNSUPPORTED_VERSION' });
  });
});
