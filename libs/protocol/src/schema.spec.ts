import { describe, expect, it } from '@jest/globals';
import type { Uuid } from '@trunkline/kernel';
import type { RequestOf, ResponseOf } from './api.js';
import { ListOffsets } from './messages/02-list-offsets.js';
import { Metadata } from './messages/03-metadata.js';

/** Compiles only when both types are the same. */
type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : never) : never;
function same<Left, Right>(_holds: Same<Left, Right>): void {}

describe('types of the tables', () => {
  it('are what the tables say', () => {
    same<
      RequestOf<typeof ListOffsets>,
      {
        readonly replicaId: number;
        readonly isolationLevel: number;
        readonly timeoutMs: number;
        readonly topics: readonly {
          readonly name: string;
          readonly partitions: readonly {
            readonly partitionIndex: number;
            readonly currentLeaderEpoch: number;
            readonly timestamp: bigint;
          }[];
        }[];
      }
    >(true);
    same<
      RequestOf<typeof Metadata>['topics'],
      readonly { readonly topicId: Uuid; readonly name: string | null }[] | null
    >(true);
    const answer: ResponseOf<typeof ListOffsets> = {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, offset: 5, timestamp: 5n }] }],
    };
    expect(answer.throttleTimeMs).toBeUndefined();
  });

  it('refuse what the tables do not say', () => {
    // @ts-expect-error a field that no version has
    const strange: ResponseOf<typeof ListOffsets> = { topics: [], sessions: [] };
    // @ts-expect-error a field without a default is left out
    const short: ResponseOf<typeof ListOffsets> = { throttleTimeMs: 0 };
    // @ts-expect-error null where the table allows none
    const none: ResponseOf<typeof ListOffsets> = { topics: null };
    expect([strange, short, none]).toHaveLength(3);
  });
});
