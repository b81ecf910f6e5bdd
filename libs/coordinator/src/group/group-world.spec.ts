import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GroupWorld } from '../../test/group-world.js';
import { StoredGroups } from './stored-groups.js';
import { groupRecordCodec } from './group-record-codec.js';

/** How often the world is made; GROUP_RUNS for a longer search, GROUP_SEED to see one again. */
const RUNS = Number(process.env['GROUP_RUNS'] ?? 150);
const SEED = process.env['GROUP_SEED'];

type Action = readonly [kind: string, a: number, b: number];

const action: fc.Arbitrary<Action> = fc.tuple(
  fc.oneof(
    { weight: 30, arbitrary: fc.constant('step') },
    { weight: 8, arbitrary: fc.constant('commit-append') },
    { weight: 5, arbitrary: fc.constant('pass') },
    { weight: 3, arbitrary: fc.constantFrom('hold', 'let-go') },
    { weight: 3, arbitrary: fc.constantFrom('crash', 'leave', 'zombie', 'zombie') },
    { weight: 1, arbitrary: fc.constantFrom('restart', 'fail-append') },
  ),
  fc.nat(11),
  fc.nat(15_000),
);

async function act(world: GroupWorld, [kind, a, b]: Action): Promise<void> {
  const client = world.clients[a % world.clients.length]!;
  switch (kind) {
    case 'step':
      return world.step(client, b);
    case 'commit-append':
      return world.commitAppend();
    case 'pass':
      return world.pass(b);
    case 'hold':
      world.log.held = true;
      return;
    case 'let-go':
      world.log.held = false;
      while (world.log.waiting.length > 0) await world.commitAppend();
      return;
    case 'crash':
      return world.crash(client);
    case 'leave':
      return world.leave(client);
    case 'zombie':
      return world.zombie(a);
    case 'restart':
      return world.restart(b % 4);
    case 'fail-append':
      return world.failAppend();
    default:
      throw new Error(`no such action: ${kind}`);
  }
}

describe('a group in a world of faults', () => {
  it('never gives a partition to two members, never goes back, refuses the fenced, and comes to rest in the calm', async () => {
    const progress = { assigned: 0, commits: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 160 }), async (actions) => {
        const world = await new GroupWorld().start();
        for (const each of actions) {
          await act(world, each);
          expect(world.faults).toEqual([]);
        }
        const isSettled = await world.calm();
        expect(world.faults).toEqual([]);
        expect(isSettled).toBe(true);
        expect(world.runtime.unanswered).toBe(0);
        await world.restart(0);
        world.laws.committed(world.committed());
        const replayed = new StoredGroups();
        for (const record of world.log.records) replayed.replay(groupRecordCodec.decode(record)!);
        expect([...replayed.snapshot()]).toEqual([...world.runtime.machine.snapshot()]);
        progress.assigned += 1;
        progress.commits += world.committed().size;
        world.runtime.close();
      }),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    expect(progress.assigned).toBeGreaterThanOrEqual(Math.min(RUNS, 1));
    expect(progress.commits).toBeGreaterThan(RUNS); // A run in which nobody ever commits shows nothing.
  }, 120_000);
});
