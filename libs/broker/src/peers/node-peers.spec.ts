import { describe, expect, it } from '@jest/globals';
import { type NodeId, nodeId } from '@trunkline/kernel';
import { nodeRandom } from '@trunkline/platform';
import { ApiVersions, BrokerHeartbeat, type Encodable, Fetch, Metadata, UnregisterBroker } from '@trunkline/protocol';
import { ManualClock, ScriptedCluster, until } from '@trunkline/testing';
import { NodePeers } from './node-peers.js';
import type { PeerLimits } from './peer-lane.js';
import { PeerGone, PeerSilent } from './peers.js';

const ONE = nodeId(1);
const TWO = nodeId(2);
const ASK = { timeoutMs: 1_000, lane: 'test' };
const BEAT: Encodable<(typeof BrokerHeartbeat)['request']> = {
  brokerId: 9,
  currentMetadataOffset: 5n,
  wantFence: false,
  wantShutDown: false,
};

/** Node 9 asks nodes that answer as the test says. */
class World {
  readonly clock = new ManualClock();
  readonly cluster = new ScriptedCluster(2);
  readonly lost: string[] = [];
  readonly peers: NodePeers;
  readonly node = this.cluster.brokers[0]!;

  constructor(limits: Partial<PeerLimits> = {}) {
    const { clock, cluster } = this;
    this.peers = new NodePeers({
      nodeId: nodeId(9),
      network: cluster.network,
      clock,
      random: nodeRandom,
      addressOf: (id) => {
        const found = cluster.brokers.find((broker) => broker.nodeId === id);
        return found === undefined ? undefined : { host: found.host, port: found.port };
      },
      limits,
    });
    this.peers.onLost((id: NodeId, refused: boolean) => void this.lost.push(`${id}${refused ? ' refused' : ''}`));
    this.node.on(BrokerHeartbeat, ({ currentMetadataOffset }) => ({
      throttleTimeMs: Number(currentMetadataOffset),
      errorCode: 0,
      shouldShutDown: false,
    }));
  }

  beat(offset = 5n, lane = 'test'): Promise<number> {
    const request = { ...BEAT, currentMetadataOffset: offset };
    return this.peers.ask(ONE, BrokerHeartbeat, request, { ...ASK, lane }).then(({ throttleTimeMs }) => throttleTimeMs);
  }
}

describe('NodePeers', () => {
  it('asks a node over one connection a lane, and matches answers to questions', async () => {
    const world = new World();
    expect(await Promise.all([1n, 2n, 3n].map((offset) => world.beat(offset)))).toEqual([1, 2, 3]);
    expect(world.node.connections).toBe(1);
    await world.beat(4n, 'other');
    expect(world.node.connections).toBe(2);
  });

  it('asks in the newest version that both nodes know', async () => {
    const world = new World();
    world.node.on(ApiVersions, () => ({
      errorCode: 0,
      apiKeys: [{ apiKey: BrokerHeartbeat.key, minVersion: 0, maxVersion: 1 }],
    }));
    await world.beat();
    expect(world.node.heard.at(-1)).toMatchObject({ api: 'BrokerHeartbeat', version: 1 });
    await expect(world.peers.ask(ONE, UnregisterBroker, { brokerId: 3 }, ASK)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    });
  });

  it('says that a node is gone when nobody listens there', async () => {
    const world = new World();
    world.node.isDown = true;
    await expect(world.beat()).rejects.toMatchObject({ name: 'PeerGone', refused: true });
    expect(world.lost).toEqual(['1 refused']);
  });

  it('says that a node is gone when its address is not known', async () => {
    const world = new World();
    await expect(world.peers.ask(nodeId(7), BrokerHeartbeat, BEAT, ASK)).rejects.toBeInstanceOf(PeerGone);
  });

  it('waits longer after each connection that could not be made, then connects again', async () => {
    const world = new World({ reconnectMs: 100, reconnectMsMax: 1_000 });
    world.node.isDown = true;
    await expect(world.beat()).rejects.toBeInstanceOf(PeerGone);
    world.node.isDown = false;
    const answered = world.beat();
    await Promise.resolve();
    expect(world.node.connections).toBe(0);
    world.clock.advance(120);
    expect(await answered).toBe(5);
  });

  it('rejects everything that is on its way when a connection ends, and tells it', async () => {
    const world = new World();
    await world.beat();
    world.node.on(Metadata, () => 'silence');
    const first = world.peers.ask(ONE, Metadata, { topics: [] }, ASK);
    const second = world.peers.ask(ONE, Metadata, { topics: [] }, ASK);
    const settled = Promise.allSettled([first, second]);
    await until('both are asked', () => world.node.count(Metadata) === 2);
    world.node.hangUp();
    const gone = { reason: expect.any(PeerGone) };
    expect(await settled).toMatchObject([gone, gone]);
    expect(world.lost).toEqual(['1']);
  });

  it('gives up a question after its time, and the connection with it', async () => {
    const world = new World();
    await world.beat();
    world.node.on(BrokerHeartbeat, () => 'silence');
    const late = world.beat();
    const behind = world.peers.ask(ONE, BrokerHeartbeat, BEAT, { timeoutMs: 60_000, lane: 'test' });
    const settled = Promise.allSettled([late, behind]);
    world.clock.advance(1_000);
    const [first, second] = await settled;
    expect(first).toMatchObject({ reason: expect.any(PeerSilent) });
    expect(second).toMatchObject({ reason: expect.any(PeerGone) });
  });

  it('does not hold up one lane with the parked question of another', async () => {
    const world = new World();
    world.node.on(Fetch, () => 'silence');
    const parked = world.peers.ask(
      ONE,
      Fetch,
      { maxWaitMs: 500, minBytes: 1, topics: [] },
      { ...ASK, lane: 'replica' },
    );
    expect(await world.beat()).toBe(5);
    world.peers.close();
    await expect(parked).rejects.toBeInstanceOf(PeerGone);
  });

  it('refuses more questions than may be on their way', async () => {
    const world = new World({ questionsMax: 2 });
    world.node.on(BrokerHeartbeat, () => 'silence');
    const asked = [world.beat(), world.beat()];
    await expect(world.beat()).rejects.toMatchObject({ code: 'THROTTLING_QUOTA_EXCEEDED' });
    world.peers.close();
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('does not wait for an answer that nobody wants any more', async () => {
    const world = new World();
    await world.beat();
    world.node.on(Metadata, () => 'silence');
    const gone = new AbortController();
    const asked = world.peers.ask(ONE, Metadata, { topics: [] }, { ...ASK, signal: gone.signal });
    gone.abort();
    await expect(asked).rejects.toBeInstanceOf(PeerGone);
  });

  it.each([
    ['an answer to another question', Uint8Array.of(0, 0, 0, 4, 0, 0, 3, 231)],
    ['an answer cut short', Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, 0)],
    ['a length beyond all limits', Uint8Array.of(127, 255, 255, 255)],
    ['a negative length', Uint8Array.of(255, 255, 255, 255)],
  ])('ends the connection after %s', async (_, bytes) => {
    const world = new World();
    world.node.on(BrokerHeartbeat, () => bytes);
    await expect(world.beat()).rejects.toBeInstanceOf(PeerGone);
    await until('the connection is closed', () => world.node.open === 0);
  });

  it('asks nothing after its end', async () => {
    const world = new World();
    world.peers.close();
    await expect(world.beat()).rejects.toBeInstanceOf(PeerGone);
    await expect(world.peers.ask(TWO, BrokerHeartbeat, BEAT, ASK)).rejects.toBeInstanceOf(PeerGone);
  });
});
