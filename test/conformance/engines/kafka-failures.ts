import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Delivery, Engine, Subscription } from '@trunkline/bus';
import { type KafkaOptions, kafka } from '@trunkline/engine-kafka';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { CreatePartitions, DescribeGroups, LeaveGroup } from '@trunkline/protocol';
import { RawClient, startProcess, until } from '@trunkline/testing';

const WAIT_MS = 60_000;

/** A broker that a test may end and begin again. */
export interface FragileServer {
  readonly bootstrap: string;
  readonly pid: number;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const message = (channel: string, value: string, key = value) => ({
  channel,
  key: utf8(key),
  value: utf8(value),
  headers: new Map(),
});
const valueOf = ({ value }: Delivery): string => fromUtf8(value ?? new Uint8Array());

/** What the Kafka engine does when its broker goes away, and when members of a group do. */
export function describeFailures(name: string, open: () => Promise<FragileServer>): void {
  describe(`the engine kafka over failures, on ${name}`, () => {
    let server: FragileServer;
    let engines: Engine[] = [];
    let names = 0;
    beforeAll(async () => {
      server = await open();
    }, WAIT_MS);
    afterEach(async () => {
      const open = engines;
      engines = [];
      await Promise.all(open.map((engine) => engine.close()));
    }, WAIT_MS);
    afterAll(() => server.close());

    const started = async (options: Partial<KafkaOptions> = {}): Promise<Engine> => {
      const engine = kafka({ brokers: [server.bootstrap], ...options });
      await engine.start();
      engines.push(engine);
      return engine;
    };
    const channelOf = async (engine: Engine, partitions: number): Promise<string> => {
      const channel = `failures-${process.pid}-${++names}`;
      await engine.ensure([{ channel, partitions }]);
      return channel;
    };
    const read = (
      engine: Engine,
      channel: string,
      group: string,
      deliver: (delivery: Delivery) => Promise<void>,
    ): Promise<Subscription> =>
      engine.subscribe(
        { channels: [channel], mode: { kind: 'group', group }, order: 'key', concurrency: 8, from: 'earliest' },
        deliver,
      );

    it('writes every acknowledged message once and in order, and reads on, while its broker is killed and begins again', async () => {
      const engine = await started();
      const channel = await channelOf(engine, 2);
      const seen: string[] = [];
      const heard: string[] = [];
      const subscription = await read(engine, channel, `${channel}-g`, async (delivery) => {
        seen.push(valueOf(delivery));
      });
      const listener = await engine.subscribe(
        { channels: [channel], mode: { kind: 'broadcast' }, order: 'partition', concurrency: 8, from: 'latest' },
        async (delivery) => void heard.push(`${delivery.partition}/${delivery.offset} ${valueOf(delivery)}`),
      );
      let isOver = false;
      const acknowledged: string[] = [];
      const publishing = (async () => {
        for (let at = 0; !isOver; at++) {
          await engine.publish([message(channel, String(at), 'a'), message(channel, `b${at}`, 'b')]);
          acknowledged.push(String(at), `b${at}`);
          if (at % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      for (let round = 0; round < 2; round++) {
        const before = acknowledged.length;
        await until('messages flow', () => acknowledged.length > before + 200 && seen.length > before, WAIT_MS);
        await server.kill();
        await until('it says that it cannot read', () => subscription.status().state === 'failed', WAIT_MS);
        expect(subscription.status().reason).toBeTruthy();
        await until('the listener says so too', () => listener.status().state === 'failed', WAIT_MS);
        await server.start();
        await until('it reads again', () => subscription.status().state === 'running', WAIT_MS);
      }
      const before = acknowledged.length;
      await until('messages flow again', () => acknowledged.length > before + 200, WAIT_MS);
      isOver = true;
      await publishing;
      await until('all came', () => new Set(seen).size >= acknowledged.length, WAIT_MS);
      await until('all were heard', () => heard.length >= acknowledged.length, WAIT_MS);
      // The listener reads each offset once: what it heard is what the log holds.
      const written = heard.map((line) => line.slice(line.indexOf(' ') + 1));
      expect(written.length).toBe(new Set(written).size);
      const ofA = written.filter((value) => !value.startsWith('b')).map(Number);
      expect(ofA).toEqual(ofA.toSorted((left, right) => left - right));
      expect(listener.status().state).toBe('running');
    }, 180_000);

    it('gives the partitions of a member that died to the others, with what it had not finished', async () => {
      const survivor = await started();
      const channel = await channelOf(survivor, 4);
      const group = `${channel}-g`;
      const kept: string[] = [];
      const first = await read(survivor, channel, group, async (delivery) => void kept.push(valueOf(delivery)));
      const victim = await startProcess('test/conformance/engines/stuck-member.mjs', [
        server.bootstrap,
        channel,
        group,
      ]);
      try {
        await until('both have partitions', () => first.status().assigned.length === 2, WAIT_MS);
        await survivor.publish(Array.from({ length: 40 }, (_, at) => message(channel, String(at))));
        await until('the victim works', () => victim.lines.some((line) => line.startsWith('begun')), WAIT_MS);
      } finally {
        await victim.kill();
      }
      await until('all were done by the survivor', () => new Set(kept).size === 40, WAIT_MS);
      expect(first.status()).toMatchObject({ state: 'running' });
      expect(first.status().assigned.length).toBe(4);
    }, 120_000);

    it('fences a member that was away too long: its late results count for nothing', async () => {
      const engine = await started({ sessionTimeoutMs: 6_000 });
      const channel = await channelOf(engine, 1);
      const group = `${channel}-g`;
      let release = (): void => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      const begun: string[] = [];
      const first = await read(engine, channel, group, async (delivery) => {
        begun.push(valueOf(delivery));
        await held;
      });
      await engine.publish([message(channel, 'job')]);
      await until('it has begun', () => begun.length === 1, WAIT_MS);
      await evict(server.bootstrap, group);
      await until('it is a member again and has the job anew', () => begun.length === 2, WAIT_MS);
      expect(first.status().assigned).toEqual([`${channel}/0`]);
      release();
      await until('done', () => first.status().inFlight === 0, WAIT_MS);
    }, 120_000);

    it('says so while its broker hangs with open connections, and goes on when it answers again', async () => {
      const engine = await started();
      const channel = await channelOf(engine, 1);
      const seen: string[] = [];
      const subscription = await read(
        engine,
        channel,
        `${channel}-g`,
        async (delivery) => void seen.push(valueOf(delivery)),
      );
      await engine.publish([message(channel, 'before')]);
      await until('it comes', () => seen.length === 1, WAIT_MS);
      process.kill(server.pid, 'SIGSTOP');
      let published: Promise<void>;
      try {
        await until('it is red', () => subscription.status().state === 'failed', WAIT_MS);
        published = engine.publish([message(channel, 'while it hung')]);
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
      await published;
      await until('it is green', () => subscription.status().state === 'running', WAIT_MS);
      await until('it comes', () => seen.length === 2, WAIT_MS);
      expect(seen).toEqual(['before', 'while it hung']);
    }, 120_000);

    it('closes within its timeouts when its broker is gone, and says what was not written', async () => {
      const engine = kafka({ brokers: [server.bootstrap], deliveryTimeoutMs: 1_000 });
      await engine.start();
      const channel = await channelOf(engine, 1);
      await read(engine, channel, `${channel}-g`, async () => {});
      await server.kill();
      try {
        const lost = engine.publish([message(channel, 'lost')]).catch((reason: unknown) => reason);
        const startedMs = performance.now();
        await engine.close();
        expect(performance.now() - startedMs).toBeLessThan(10_000);
        expect(await lost).toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
      } finally {
        await server.start();
      }
    }, 120_000);

    it('takes back a partition that it is just letting go of', async () => {
      const [engine, other] = [await started(), await started()];
      const channel = await channelOf(engine, 2);
      const group = `${channel}-g`;
      let release = (): void => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      const begun: string[] = [];
      const first = await read(engine, channel, group, async (delivery) => {
        begun.push(valueOf(delivery));
        await held;
      });
      await engine.publish([0, 1].map((partition) => ({ ...message(channel, `p${partition}`), partition })));
      await until('both have begun', () => begun.length === 2, WAIT_MS);
      const second = await read(other, channel, group, async () => {});
      // Its first generation gives it nothing: what it shall have is being let go of.
      expect(second.status().assigned).toEqual([]);
      await second.close(0);
      await until('the first has joined alone again', () => isAlone(server.bootstrap, group), WAIT_MS);
      release();
      await until('all is done', () => first.status().inFlight === 0, WAIT_MS);
      await until('both are read again', () => first.status().assigned.length === 2, WAIT_MS);
      await engine.publish([0, 1].map((partition) => ({ ...message(channel, `q${partition}`), partition })));
      await until('all come', () => begun.includes('q0') && begun.includes('q1'), WAIT_MS);
    }, 120_000);

    it('takes up partitions that were added later', async () => {
      const engine = await started({ metadataMaxAgeMs: 500 });
      const channel = await channelOf(engine, 1);
      const seen: string[] = [];
      await read(engine, channel, `${channel}-g`, async (delivery) => void seen.push(valueOf(delivery)));
      await grow(server.bootstrap, channel, 3);
      await engine.publish([message(channel, 'first')]);
      await until('it comes', () => seen.includes('first'), WAIT_MS);
      const later = await started();
      await later.publish([0, 1, 2].map((partition) => ({ ...message(channel, `p${partition}`), partition })));
      await until('all come', () => [0, 1, 2].every((partition) => seen.includes(`p${partition}`)), WAIT_MS);
    }, 120_000);
  });
}

async function connected<T>(bootstrap: string, use: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.connect(Number(bootstrap.slice(bootstrap.lastIndexOf(':') + 1)));
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

async function isAlone(bootstrap: string, group: string): Promise<boolean> {
  const [described] = await connected(bootstrap, async (client) => {
    const request = { groups: [group], includeAuthorizedOperations: false };
    return (await client.send(DescribeGroups, 5, request)).groups;
  });
  return described?.groupState === 'Stable' && described.members.length === 1;
}

/** Takes every member out of a group, as a coordinator does with those it heard nothing of. */
function evict(bootstrap: string, group: string): Promise<void> {
  return connected(bootstrap, async (client) => {
    const { groups } = await client.send(DescribeGroups, 5, { groups: [group], includeAuthorizedOperations: false });
    const members = groups.flatMap((each) => each.members.map(({ memberId }) => ({ memberId })));
    expect(members.length).toBeGreaterThan(0);
    await client.send(LeaveGroup, 4, { groupId: group, members });
  });
}

function grow(bootstrap: string, topic: string, count: number): Promise<void> {
  return connected(bootstrap, async (client) => {
    const topics = [{ name: topic, count, assignments: null }];
    const { results } = await client.send(CreatePartitions, 3, { topics, timeoutMs: 10_000, validateOnly: false });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0]);
  });
}
