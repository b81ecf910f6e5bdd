import { until } from '@trunkline/testing';
import { type Fault, faultsOf } from './checker.js';
import { dice } from './dice.js';
import { History } from './history.js';
import { type FaultName, Nemesis, pause } from './nemesis.js';
import type { Nodes } from './nodes.js';
import { Recorder, type Target, newClient, readAll } from './recorder.js';

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Of these the seed chooses; a function: what is done instead, once. */
  readonly faults: readonly FaultName[] | ((nodes: Nodes, recorder: Recorder) => Promise<void>);
  /** Other than -1: the run is allowed to lose, and shows that losing is seen. */
  readonly acks?: -1 | 1;
  readonly topicConfigs?: Readonly<Record<string, string>>;
}

/** What came of a run. */
export interface RunResult {
  readonly faults: readonly Fault[];
  /** Acknowledged records that no member of the group saw. */
  readonly missedByGroup: number;
  readonly sends: number;
  readonly acknowledged: number;
  readonly made: ReadonlyMap<FaultName, number>;
  readonly troubles: readonly string[];
}

const TOPIC = 'recorded';
const PARTITIONS = 6;
const WRITERS = 3;
const BETWEEN_MS = 3_000;
const PROGRESS_MS_MAX = 60_000;

/** Records what clients do and see while a nemesis is at work; then all is calm, everything is read, and judged. */
export async function run(nodes: Nodes, options: RunOptions): Promise<RunResult> {
  const target: Target = { bootstrap: nodes.bootstrap, topic: TOPIC, partitions: PARTITIONS };
  await createTopic(target, options.topicConfigs ?? {});
  const history = new History();
  const recorder = new Recorder(target, history);
  for (let index = 0; index < WRITERS; index++) recorder.write(options.acks ?? -1);
  recorder.readAlone('alone');
  for (const name of ['member-1', 'member-2']) recorder.readInGroup(name, 'recorded-group');
  const made = await strike(nodes, recorder, options);
  await calm(target, nodes);
  const missed = await until('the group has seen everything', () => {
    const count = missedByGroup(history);
    return count === 0 ? { count } : false;
  }, 60_000).catch(() => ({ count: missedByGroup(history) })); // prettier-ignore
  await recorder.stop();
  await readAll(target, history, 'end');
  return {
    faults: faultsOf(history, new Set(['end'])),
    missedByGroup: missed.count,
    sends: history.sends.length,
    acknowledged: recorder.acknowledged,
    made,
    troubles: recorder.troubles,
  };
}

async function strike(
  nodes: Nodes,
  recorder: Recorder,
  { seed, seconds, faults }: RunOptions,
): Promise<ReadonlyMap<FaultName, number>> {
  await goesOn(recorder, nodes);
  if (typeof faults === 'function') {
    await faults(nodes, recorder);
    return new Map();
  }
  const nemesis = new Nemesis(nodes, dice(seed), faults);
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    await nemesis.strike();
    await goesOn(recorder, nodes); // A run in which nothing happens proves nothing.
    await pause(Math.min(BETWEEN_MS, Math.max(0, endMs - performance.now())));
  }
  return nemesis.made;
}

async function createTopic(
  { bootstrap, topic, partitions }: Target,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const client = newClient(bootstrap, 'recorder-admin');
  const wanted = { name: topic, partitions, replicationFactor: 3, configs: { 'min.insync.replicas': '2', ...configs } };
  // A cluster that has just started may not have three live brokers yet.
  await until('the topic is made', async () => {
    const made = await client.admin().topics.create([wanted]).then((outcome) => outcome.get(topic));
    return made?.ok === true || made?.error?.code === 'TOPIC_ALREADY_EXISTS';
  }, 60_000); // prettier-ignore
  await client.close();
}

async function goesOn(recorder: Recorder, nodes: Nodes): Promise<void> {
  const before = recorder.acknowledged;
  await until('writes go on', () => recorder.acknowledged > before + PARTITIONS, PROGRESS_MS_MAX).catch(
    (reason: unknown) => {
      const logs = nodes.ids.map((id) => `--- node ${id}\n${nodes.log(id)}`).join('\n');
      throw new Error(`${String(reason)}\n${recorder.troubles.slice(-5).join('\n')}\n${logs}`);
    },
  );
}

/** Waits until every partition has all its replicas in sync. */
async function calm({ bootstrap, topic }: Target, nodes: Nodes): Promise<void> {
  const client = newClient(bootstrap, 'recorder-calm');
  await until('every replica is in sync', async () => {
    const described = await client.admin().topics.describe([topic]);
    return described.value(topic).partitions.every(({ isr }) => isr.length === nodes.ids.length);
  }, 60_000); // prettier-ignore
  await client.close();
}

function missedByGroup({ sends, readings }: History): number {
  const seen = new Set(
    readings.filter(({ mode }) => mode === 'subscribe').flatMap((one) => one.seen.map(({ value }) => value)),
  );
  return sends.filter(({ outcome, value }) => outcome === 'acknowledged' && !seen.has(value)).length;
}

/** A line for people: what was done, and what came of it. */
export function told(
  { seed }: RunOptions,
  { sends, acknowledged, made, faults, missedByGroup: missed }: RunResult,
): string {
  const strikes = [...made].map(([fault, count]) => `${fault} ${count}`).join(', ');
  return `seed ${seed}: ${sends} sends, ${acknowledged} acknowledged; ${strikes}; ${faults.length} faults, ${missed} missed by the group`;
}
