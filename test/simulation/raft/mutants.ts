import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as library from '@trunkline/raft';
import type { DiskLies } from './disk.js';
import type { RaftLibrary } from './node.js';

/** One piece of the source, and what it is replaced by. */
interface Change {
  readonly file: string;
  readonly find: string;
  readonly by: string;
}

/** A quorum that is broken on purpose: by a disk that lies, or by other words in a copy of the source. */
export interface RaftMutant {
  readonly lies?: DiskLies;
  readonly changes?: readonly Change[];
}

/** Each is a bug that somebody has had (05-reliability, section 5), and that the simulation must find. */
export const RAFT_MUTANTS: Readonly<Record<string, RaftMutant>> = {
  /** NATS #7567. */
  'acknowledges before fsync': { lies: { sync: true } },
  /** NATS bf8ebe7dd, C1. */
  'forgets its vote': { lies: { hardState: true } },
  /** NATS f4aca783c, C2. */
  'votes twice in an epoch': {
    changes: [{ file: 'votes.ts', find: '(votedFor !== undefined && !isSame(votedFor, asker))', by: 'false' }],
  },
  /** NATS c8687fc4d, C3: Figure 8 of the Raft paper. */
  'commits older epochs by counting': {
    changes: [{ file: 'leader.ts', find: 'if (end <= this.#startOffset || !', by: 'if (!' }],
  },
  /** etcd 169f4c3, C5. */
  'counts what its own disk does not have': {
    changes: [{ file: 'progress.ts', find: '? outline.stableEnd', by: '? outline.endOffset' }],
  },
  'fetches before what came is on disk': {
    changes: [
      { file: 'follower.ts', find: ' || outline.stableEnd < outline.endOffset', by: '' },
      { file: 'unattached.ts', find: 'fetchOffset: outline.stableEnd', by: 'fetchOffset: outline.endOffset' },
      { file: 'unattached.ts', find: 'outline.epochAt(outline.stableEnd - 1)', by: 'outline.lastEpoch' },
    ],
  },
  'votes for a log that lacks something': {
    changes: [{ file: 'votes.ts', find: '!outline.isUpToDate(lastOffset, lastOffsetEpoch)', by: 'false' }],
  },
  /** KIP-101. */
  'truncates to the high watermark': {
    changes: [
      {
        file: 'follower.ts',
        find: 'this.replica.truncateTo(target);',
        by: 'this.replica.truncateTo(this.replica.highWatermark);',
      },
    ],
  },
  /** NATS 12fff3a32, C12. */
  'changes voters when that is committed': {
    changes: [
      {
        file: 'log-outline.ts',
        find: 'return this.#voters.at(-1)!.set;',
        by: 'return (this.#voters.findLast(({ offset }) => offset < this.committed) ?? this.#voters[0]!).set;',
      },
      {
        file: 'log-outline.ts',
        find: '  #startOffset: Offset;',
        by: '  committed = 0 as Offset;\n  #startOffset: Offset;',
      },
      {
        file: 'replica.ts',
        find: 'this.#highWatermark = highWatermark;',
        by: 'this.#highWatermark = this.outline.committed = highWatermark;',
      },
    ],
  },
  /** NATS 434b02bc9, C13. */
  'changes voters while a change is on its way': {
    changes: [
      {
        file: 'membership.ts',
        find: "if (this.#pending !== undefined) return 'another",
        by: "if (this.#pending === null) return 'another",
      },
      {
        file: 'membership.ts',
        find: 'return outline.votersOffset >= highWatermark ?',
        by: 'return outline.votersOffset < highWatermark - 1e9 ?',
      },
    ],
  },
  /** Ongaro, raft-dev, 2015. */
  'changes voters before its reign has committed anything': {
    changes: [
      { file: 'membership.ts', find: 'if (!this.isReady())', by: 'if (this.#pending === null)' },
      {
        file: 'membership.ts',
        find: 'return outline.votersOffset >= highWatermark ?',
        by: 'return outline.votersOffset < highWatermark - 1e9 ?',
      },
    ],
  },
  /** NATS 2f60ea8fe, C14. */
  'keeps voters that were cut off': {
    changes: [
      { file: 'log-outline.ts', find: 'at === 0 || offset < endOffset', by: 'at === 0 || offset < endOffset + 1e9' },
    ],
  },
  /** NATS 1fae6111c, C14. */
  'puts uncommitted voters into snapshots': {
    changes: [{ file: 'raft.ts', find: 'outline.votersAt(endOffset).toArray()', by: 'outline.voters.toArray()' }],
  },
  /** KAFKA-12181, C16. */
  'takes a blank disk for the old one': {
    changes: [
      {
        file: 'voters.ts',
        find: 'left.id === right.id && left.directoryId === right.directoryId',
        by: 'left.id === right.id',
      },
    ],
  },
  /** NATS #7587, C19. */
  'votes with a damaged log': {
    changes: [{ file: 'votes.ts', find: 'hard.needsRepair || ', by: '' }],
  },
  /** Kip320.tla rule 3, C35. */
  'counts fetches of older epochs': {
    changes: [
      {
        file: 'requests.ts',
        find: "if (request.currentLeaderEpoch < epoch) return refuse('FENCED_LEADER_EPOCH');",
        by: '',
      },
    ],
  },
  /** Found in this house: two that lost their leader together sent each other back to it. */
  'follows whom a granted vote names': {
    changes: [
      {
        file: 'raft.ts',
        find: "if (response.api === 'vote' && response.voteGranted && leaderEpoch === epoch) return false;",
        by: '',
      },
      {
        file: 'raft.ts',
        find: 'if (leaderEpoch === epoch && this.#hasLost(leaderId) && to.id !== leaderId) return false;',
        by: '',
      },
    ],
  },
  /** Ongaro's thesis, 4.2.2; found in this house. */
  'does not stand once it has appended its removal': {
    changes: [
      {
        file: 'replica.ts',
        find: '(outline.votersOffset >= this.#highWatermark && outline.earlierVoters?.has(this.self) === true)',
        by: 'false',
      },
    ],
  },
  /** KAFKA-17608, C17. */
  'counts itself when it is no voter': {
    changes: [
      {
        file: 'progress.ts',
        find: 'ends.sort(',
        by: 'if (!outline.voters.has(self)) ends.push(outline.stableEnd);\n    ends.sort(',
      },
    ],
  },
};

/** The library with the changes, or as it is. `remove` takes the copy away. */
export async function planted({ changes = [] }: RaftMutant): Promise<{ library: RaftLibrary; remove: () => void }> {
  if (changes.length === 0) return { library, remove: () => {} };
  const dir = mkdtempSync(join(tmpdir(), 'raft-mutant-'));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  cpSync(resolve('libs/raft/src'), join(dir, 'src'), { recursive: true });
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
  for (const { file, find, by } of changes) {
    const path = join(dir, 'src', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
    writeFileSync(
      path,
      text.replace(find, () => by),
    );
  }
  return { library: (await import(join(dir, 'src/index.ts'))) as RaftLibrary, remove };
}
