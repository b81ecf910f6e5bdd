import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KafkaClient } from '@trunkline/client';
import { until } from '@trunkline/testing';
import { BUS_LOOPS } from './bus-loops.js';
import { FOREIGN_CLIENTS, type WorkingClient } from './client-processes.js';
import { type Nodes, startApacheKafkaNodes, startTrunklineNodes } from './nodes.js';
import { newClient } from './recorder.js';

/** Apache Kafka in our place shows whether the test itself is sound. */
const IS_KAFKA = process.env['CLUSTER'] === 'kafka';
const PORT = Number(process.env['PORT'] ?? 24_010);
const LIMIT_MS = 60_000;
/** All groups have one coordinator: whoever leads its only partition. */
const OFFSETS = '__consumer_offsets';
const ONE_COORDINATOR = { 'offsets.topic.num.partitions': '1' };
/** Each node leads a partition of every client. */
const ASSIGNMENTS = [[1, 2, 3], [2, 3, 1], [3, 1, 2]]; // prettier-ignore
const foreign = FOREIGN_CLIENTS.filter(({ leftOut }) => leftOut === undefined);
const topicOf = (index: number): string => `clients-${index}`;

const start = (): Promise<Nodes> =>
  IS_KAFKA
    ? startApacheKafkaNodes(PORT, ONE_COORDINATOR)
    : startTrunklineNodes({ port: PORT, settings: ONE_COORDINATOR });

describe('clients of a cluster of three', () => {
  let nodes: Nodes;
  let client: KafkaClient;
  const clients: WorkingClient[] = [];

  beforeAll(async () => {
    nodes = await start();
    client = newClient(nodes.bootstrap, 'watcher');
    await until('topics are made', () => makeTopics(), LIMIT_MS);
    clients.push(...foreign.map((one, index) => one.start(nodes.bootstrap, topicOf(index), `group-${index}`)));
    for (const loop of BUS_LOOPS) clients.push(await loop(nodes.bootstrap));
    await goOn(0);
    await whole();
  }, 180_000);
  afterAll(async () => {
    await Promise.all(clients.map((one) => one.close()));
    await client?.close();
    await nodes?.close();
  }, 60_000);

  async function makeTopics(): Promise<boolean> {
    const configs = { 'min.insync.replicas': '2' };
    const wanted = foreign.map((_, index) => ({ name: topicOf(index), assignments: ASSIGNMENTS, configs }));
    const made = await client.admin().topics.create(wanted);
    return wanted.every(({ name }) => {
      const outcome = made.get(name);
      return outcome?.ok === true || outcome?.error?.code === 'TOPIC_ALREADY_EXISTS';
    });
  }

  /** Waits until each client has written and read on all its partitions since a moment. */
  async function goOn(sinceMs: number): Promise<void> {
    await until('all clients go on', () => clients.every(({ journal }) => journal.goesOn(sinceMs, 5)), LIMIT_MS).catch(
      (reason: unknown) => {
        const slow = clients.filter(({ journal }) => !journal.goesOn(sinceMs, 5));
        const said = slow.map(({ journal, ended = '' }) => `${journal.progress(sinceMs)} ${ended}`);
        const logs = nodes.ids.map((id) => `--- node ${id}\n${nodes.log(id)}`);
        throw new Error([String(reason), ...said, ...logs].join('\n'));
      },
    );
  }

  /** Waits until every node is a broker and every replica of every partition is in sync. */
  async function whole(): Promise<void> {
    await until('every replica is in sync', async () => {
      const admin = client.admin();
      const names = (await admin.topics.list({ includeInternal: true })).map(({ name }) => name);
      const described = await admin.topics.describe(names);
      return names.every((name) =>
        described.value(name).partitions.every(({ isr, replicas }) => isr.length === replicas.length),
      );
    }, LIMIT_MS); // prettier-ignore
  }

  const controller = async (): Promise<number> => (await client.admin().cluster.describeQuorum()).leaderId ?? -1;

  async function leader(topic: string, partition: number): Promise<number> {
    return (await client.admin().topics.describe([topic])).value(topic).partitions[partition]!.leader ?? -1;
  }

  /** A leader that is nothing else where there is one: what a node was besides is not what this is about. */
  async function onlyLeader(): Promise<number> {
    const others = new Set([await controller(), await leader(OFFSETS, 0)]);
    const leaders = await Promise.all(ASSIGNMENTS.map((_, partition) => leader(topicOf(0), partition)));
    return leaders.find((id) => !others.has(id)) ?? leaders[0]!;
  }

  /** Makes a fault and waits until all go on; then `mend` and the whole cluster; tells how long each stood still. */
  async function through(what: string, fault: () => Promise<void>, mend: () => Promise<void>): Promise<void> {
    const sinceMs = performance.now();
    await fault();
    await goOn(performance.now());
    await mend();
    await whole();
    const backMs = performance.now();
    await goOn(backMs);
    const told = clients.map(({ journal }) => {
      const { writeMs, readMs } = journal.pauses(sinceMs);
      return `  ${journal.name}: stood still for ${writeMs} ms writing, ${readMs} ms reading`;
    });
    console.log([`${nodes.name}, ${what}: whole after ${Math.round(backMs - sinceMs)} ms`, ...told].join('\n'));
    expect(clients.flatMap(({ ended }) => ended ?? [])).toEqual([]);
  }

  const killed = (what: string, find: () => Promise<number>): void =>
    it(`go on through the death of ${what}`, async () => {
      const victim = await until(`${what} is known`, async () => {
        const id = await find();
        return id > 0 ? { id } : false;
      }); // prettier-ignore
      await through(
        `node ${victim.id}, ${what}, is killed`,
        () => nodes.kill(victim.id),
        () => nodes.start(victim.id),
      );
    }, 240_000); // prettier-ignore

  killed('a leader', onlyLeader);
  killed("the groups' coordinator", () => leader(OFFSETS, 0));
  killed('the active controller', controller);

  it('go on through a rolling restart of all nodes', async () => {
    const roll = async (): Promise<void> => {
      for (const id of nodes.ids) {
        await nodes.stop(id);
        await nodes.start(id);
        await whole();
      }
    };
    await through('rolling restart', roll, () => Promise.resolve());
  }, 300_000); // prettier-ignore

  it('have read every record that was acknowledged, where it was acknowledged', async () => {
    await Promise.all(clients.map((one) => one.stopWriting()));
    const unread = (): string[] => clients.flatMap(({ journal }) => (journal.lost.length > 0 ? [journal.name] : []));
    await until('all is read', () => unread().length === 0, LIMIT_MS).catch(() => undefined);
    const told = clients.map(({ journal: { name, acknowledged, failed, lost, readAgain, writtenTwice, troubles } }) => {
      const counts = `${acknowledged} acknowledged, ${failed.size} refused, ${lost.length} lost`;
      const last = troubles.length === 0 ? '' : `; said: ${[...new Set(troubles)].slice(-5).join(' | ')}`;
      return `  ${name}: ${counts}, ${writtenTwice.length} written twice, ${readAgain} read again${last}`;
    });
    console.log([`${nodes.name}, in all`, ...told].join('\n'));
    expect(clients.map(({ journal }) => [journal.name, journal.lost])).toEqual(
      clients.map(({ journal }) => [journal.name, []]),
    );
    expect(clients.flatMap(({ journal }) => journal.misplaced)).toEqual([]);
    const onceOnly = clients.filter((_, index) => foreign[index]?.idempotent ?? true);
    expect(onceOnly.flatMap(({ journal }) => journal.writtenTwice)).toEqual([]);
  }, 180_000); // prettier-ignore
});
