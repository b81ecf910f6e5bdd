import { describe, expect, it } from '@jest/globals';
import { ApiError, silentLogger, nodeId } from '@trunkline/kernel';
import { BrokerHeartbeat, BrokerRegistration, type AnyApi, errorCode } from '@trunkline/protocol';
import { SimRandom } from '@trunkline/testing';
import { ControllerWorld, HEARTBEAT_MS, SESSION_MS } from '../../test/controller-world.js';
import { settled } from '../../test/server-world.js';
import type { ControllerChannel } from '../peers/controller-channel.js';
import { BrokerLife } from './broker-life.js';

const JOIN_MS = 10_000;
const LEAVE_MS = 5_000;
const DIR = new SimRandom(9).uuid();

/** The life of broker 2, asking an active controller in the same process. */
class World implements ControllerChannel {
  readonly asked: string[] = [];
  readonly ended: string[] = [];
  /** Answers in the place of the controller: an error's name for each question, the first ones first. */
  readonly refusals: string[] = [];
  isSilent = false;
  readonly life: BrokerLife;

  constructor(readonly controller: ControllerWorld) {
    this.life = new BrokerLife({
      nodeId: nodeId(2),
      clusterId: 'c',
      incarnationId: new SimRandom(1).uuid(),
      rack: null,
      logDirs: [DIR],
      previousBrokerEpoch: -1n,
      metadata: controller.metadata,
      channel: this,
      clock: controller.clock,
      logger: silentLogger,
      heartbeatMs: HEARTBEAT_MS,
      sessionTimeoutMs: SESSION_MS,
      joinMsMax: JOIN_MS,
      leaveMsMax: LEAVE_MS,
      offlineLogDirs: () => [],
      onEnded: ({ message }) => void this.ended.push(message),
    });
  }

  async ask<A extends AnyApi>(api: A, request: unknown): Promise<never> {
    this.asked.push(api.name);
    if (this.isSilent) throw new ApiError('REQUEST_TIMED_OUT', 'no active controller is known');
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return { errorCode: errorCode(refusal), brokerEpoch: -1n } as never;
    const { active } = this.controller;
    const told = { ...(request as object) };
    const connection = { connectionId: -1, closed: new AbortController().signal };
    try {
      if (api.key === BrokerRegistration.key) {
        const endPoints = Reflect.get(told, 'listeners');
        const { brokerEpoch } = await active.register({ ...told, endPoints, heartbeats: true } as never);
        return { errorCode: 0, brokerEpoch } as never;
      }
      const offset = Number(Reflect.get(told, 'currentMetadataOffset'));
      const answer = await active.heartbeat({ ...told, currentMetadataOffset: offset } as never, connection);
      return { errorCode: 0, ...answer } as never;
    } catch (reason) {
      if (reason instanceof ApiError) return { errorCode: errorCode(reason.code), shouldShutDown: false } as never;
      throw reason;
    }
  }

  get beats(): number {
    return this.asked.filter((name) => name === BrokerHeartbeat.name).length;
  }

  /** Lets time pass in small steps, and everything that falls due happen. */
  async pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 50) {
      this.controller.clock.advance(50);
      for (let turn = 0; turn < 5; turn += 1) await settled();
    }
  }

  async join(): Promise<void> {
    const joined = this.life.register(END_POINTS).then(() => this.life.letIn());
    joined.catch(() => {});
    await this.pass(1_000);
    await joined;
  }
}

const END_POINTS = [{ name: 'PLAINTEXT', host: 'host', port: 2, securityProtocol: 0 }];

describe('BrokerLife', () => {
  it('registers, catches up, is let in, and beats from then on', async () => {
    const world = new World(await ControllerWorld.open());
    await world.join();
    expect(world.life.state).toBe('running');
    expect(world.controller.fenced).toEqual([]);
    const before = world.beats;
    await world.pass(10 * HEARTBEAT_MS);
    expect(world.beats - before).toBeGreaterThanOrEqual(9);
    expect(world.beats - before).toBeLessThanOrEqual(11);
  });

  it('tells the controller of new metadata without waiting for the next heartbeat', async () => {
    const world = new World(await ControllerWorld.open());
    await world.join();
    await world.pass(HEARTBEAT_MS);
    const before = world.beats;
    await world.controller.register(3);
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(world.beats).toBe(before + 1);
  });

  it('waits for its own last run to be out', async () => {
    const world = new World(await ControllerWorld.open());
    world.refusals.push(...Array.from({ length: 5 }, () => 'DUPLICATE_BROKER_REGISTRATION'));
    await world.join();
    expect(world.life.state).toBe('running');
  });

  it.each([
    ['INCONSISTENT_CLUSTER_ID', /belongs to cluster c, and this is another one/],
    ['INVALID_REGISTRATION', /is that of another broker/],
    ['UNSUPPORTED_VERSION', /cannot work at the feature levels/],
  ])('gives up in a sentence at %s', async (code, sentence) => {
    const world = new World(await ControllerWorld.open());
    world.refusals.push(code);
    await expect(world.life.register(END_POINTS)).rejects.toThrow(sentence);
  });

  it('gives up in a sentence while another process of its id lives', async () => {
    const world = new World(await ControllerWorld.open());
    world.refusals.push(...Array.from({ length: 1_000 }, () => 'DUPLICATE_BROKER_REGISTRATION'));
    const registering = world.life.register(END_POINTS);
    registering.catch(() => {});
    await world.pass(2 * SESSION_MS + 200);
    await expect(registering).rejects.toThrow(/another process is registered under this id/);
  });

  it('goes when the controller lets it', async () => {
    const world = new World(await ControllerWorld.open());
    await world.join();
    const left = world.life.leave();
    await world.pass(200);
    await left;
    expect(world.life.state).toBe('gone');
    expect(world.controller.fenced).toEqual([2]);
  });

  it('goes all the same when nobody answers', async () => {
    const world = new World(await ControllerWorld.open());
    await world.join();
    world.isSilent = true;
    const left = world.life.leave();
    await world.pass(LEAVE_MS + 100);
    await left;
    expect(world.life.state).toBe('gone');
  });

  it('ends in a sentence when another process takes its id', async () => {
    const world = new World(await ControllerWorld.open());
    await world.join();
    await world.controller.metadata.submit((controller) =>
      controller.registerBroker({
        brokerId: nodeId(2),
        incarnationId: new SimRandom(7).uuid(),
        endPoints: END_POINTS,
        features: [...world.controller.metadata.image.brokers.get(nodeId(2))!.features],
        rack: null,
        logDirs: [new SimRandom(8).uuid()],
        heartbeats: true,
      }),
    );
    await world.pass(HEARTBEAT_MS + 50);
    expect(world.ended).toEqual(['another process has registered as broker 2; give each its own node.id']);
    const before = world.beats;
    await world.pass(2 * HEARTBEAT_MS);
    expect(world.beats).toBe(before);
  });
});
