import type { Now, Reply, Step } from '../state-machine.js';
import type { GroupConfig } from './group-config.js';
import type { GroupRecord } from './group-records.js';
import type { StoredGroups } from './stored-groups.js';

/**
 * One decision in the making: what it may read, and what it comes to.
 *
 * Replies are kept until the records are committed, so it does not matter whether a function answers before or after
 * it records.
 */
export class Turn implements Step<GroupRecord> {
  readonly records: GroupRecord[] = [];
  readonly replies: (() => void)[] = [];

  constructor(
    readonly config: GroupConfig,
    readonly stored: StoredGroups,
    readonly now: Now,
  ) {}

  record(record: GroupRecord): void {
    this.records.push(record);
  }

  answer<Answer>(reply: Reply<Answer>, answer: Answer): void {
    this.replies.push(() => reply(answer));
  }
}
