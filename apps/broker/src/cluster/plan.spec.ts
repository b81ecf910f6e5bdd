import { describe, expect, it } from '@jest/globals';
import { clusterPlan as planOf, isFirstVoter, nodeArguments, parsePlan } from './plan.js';

const NOTHING_SET = new Map<string, string>();
const clusterPlan = (voters: number, basePort: number, settings: ReadonlyMap<string, string>) =>
  planOf(voters, basePort, settings, { clusterId: 'c', formatted: [1] });

describe('the plan of a cluster on one machine', () => {
  it('gives each node a port, a directory and the same voters', () => {
    const plan = clusterPlan(3, 19_092, new Map([['log.segment.bytes', '1048576']]));
    const [first, third] = [nodeArguments(plan, 1, 'data'), nodeArguments(plan, 3, 'data')];
    expect(first.slice(0, 5)).toEqual([
      'start',
      '--listeners',
      'PLAINTEXT://127.0.0.1:19092',
      '--data-dir',
      'data/node-1',
    ]);
    expect(third.slice(0, 5)).toEqual([
      'start',
      '--listeners',
      'PLAINTEXT://127.0.0.1:19094',
      '--data-dir',
      'data/node-3',
    ]);
    const voters = 'controller.quorum.voters=1@127.0.0.1:19092,2@127.0.0.1:19093,3@127.0.0.1:19094';
    for (const args of [first, third])
      expect(args).toEqual(expect.arrayContaining([voters, 'log.segment.bytes=1048576']));
    expect(third).toContain('node.id=3');
  });

  it('lets a fourth node join without a vote', () => {
    const args = nodeArguments(clusterPlan(3, 19_092, NOTHING_SET), 4, 'data');
    expect(args).toContain('process.roles=broker');
    expect(args).toContain('PLAINTEXT://127.0.0.1:19095');
  });

  it('keeps no more copies than there are nodes', () => {
    expect(nodeArguments(clusterPlan(1, 19_092, NOTHING_SET), 1, 'data')).toEqual(
      expect.arrayContaining(['default.replication.factor=1', 'min.insync.replicas=1']),
    );
  });

  it('lets settings stand over its own', () => {
    const plan = clusterPlan(3, 19_092, new Map([['min.insync.replicas', '1']]));
    expect(nodeArguments(plan, 1, 'data')).toContain('min.insync.replicas=1');
  });

  it('comes back from its text', () => {
    const plan = clusterPlan(3, 20_000, new Map([['a', 'b']]));
    expect(parsePlan(JSON.stringify(plan), 'cluster.json')).toEqual(plan);
    expect(() => parsePlan('{', 'cluster.json')).toThrow(/cluster\.json cannot be read/);
    expect(() => parsePlan('{"voters":3}', 'cluster.json')).toThrow(/it names no cluster id/);
  });

  it('takes a directory for a first voter’s only while there was none before', () => {
    const plan = clusterPlan(3, 19_092, NOTHING_SET);
    expect([1, 2, 3, 4].map((id) => isFirstVoter(plan, id))).toEqual([false, true, true, false]);
  });

  it.each([
    [() => clusterPlan(0, 19_092, NOTHING_SET), /--nodes must be a whole number from 1 to 9/],
    [() => clusterPlan(3, 65_535, NOTHING_SET), /--base-port must be a port from 1 to 65526/],
    [() => clusterPlan(3, 1, new Map([['node.id', '7']])), /--set node\.id: each node of the cluster has its own/],
    [() => nodeArguments(clusterPlan(3, 1, NOTHING_SET), 0, 'data'), /a node is a whole number from 1 to 9/],
  ])('refuses what cannot be, in a sentence %#', (make, sentence) => {
    expect(make).toThrow(sentence);
  });
});
