import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import type { FaultName } from './nemesis.js';
import { type Nodes, startApacheKafkaNodes, startTrunklineNodes } from './nodes.js';
import { type RunOptions, run, told } from './run.js';

const RUNS = Number(process.env['RUNS'] ?? 2);
const SECONDS = Number(process.env['SECONDS'] ?? 60);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Apache Kafka in our place shows whether the run itself is sound. */
const IS_KAFKA = process.env['CLUSTER'] === 'kafka';
const PORT = Number(process.env['PORT'] ?? 23_192);
const ALL_FAULTS: readonly FaultName[] = ['kill', 'kill', 'kill-two', 'pause', 'stop', 'roll', 'wipe', 'slow', 'half-open', 'isolate', 'cut']; // prettier-ignore

const start = (): Promise<Nodes> =>
  IS_KAFKA ? startApacheKafkaNodes(PORT) : startTrunklineNodes({ port: PORT, proxied: true });

describe('a cluster of three under faults', () => {
  let nodes: Nodes | undefined;
  afterEach(() => nodes?.close(), 60_000);

  for (let index = 0; index < RUNS; index++) {
    const options: RunOptions = { seed: SEED + index, seconds: SECONDS, faults: ALL_FAULTS };
    it(`loses nothing, writes nothing twice, and keeps the order: seed ${options.seed}, ${SECONDS} s`, async () => {
      nodes = await start();
      const result = await run(nodes, options);
      console.log(`${nodes.name}, ${told(options, result)}`);
      expect(result.faults.slice(0, 10)).toEqual([]);
      expect(result.missedByGroup).toBe(0);
      expect(result.troubles).toEqual([]);
    }, SECONDS * 2_000 + 300_000); // prettier-ignore
  }

  it('sees the loss where acks=1 allows it: the leader goes while its followers sleep', async () => {
    nodes = await start();
    const options: RunOptions = {
      seed: SEED,
      seconds: 0,
      acks: 1,
      faults: async (cluster, recorder) => {
        const goesOn = async (what: string): Promise<void> => {
          const before = recorder.acknowledged;
          await until(what, () => recorder.acknowledged > before + 50, 60_000);
        };
        for (const id of [2, 3]) cluster.pause(id);
        await goesOn('the leader goes on alone');
        await cluster.kill(1);
        for (const id of [2, 3]) cluster.resume(id);
        await goesOn('the others go on without it');
        await cluster.start(1);
      },
    };
    const result = await run(nodes, options);
    console.log(`${nodes.name}, acks=1, ${told(options, result)}`);
    expect(result.faults.map(({ kind }) => kind)).toContain('lost-write');
  }, 300_000); // prettier-ignore
});
