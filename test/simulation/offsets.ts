import { FindCoordinator, OffsetCommit, OffsetFetch, errorName } from '@trunkline/protocol';
import type { Goal } from './producer.js';
import { NoAnswer, SimClient, type SimNode } from './node.js';

/** Answers of a coordinator that is not ready yet. */
const NOT_YET: ReadonlySet<string> = new Set(['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE']);
const AGAIN_US = 20_000;
const TRIES_MAX = 200;

/** A group without members that commits ever larger offsets of one partition, and knows which of them must stand. */
export class SimCommitter {
  readonly faults: string[] = [];
  readonly #client: SimClient;
  #sent = 0;
  #acknowledged = 0;
  #busy = false;

  constructor(
    readonly group: string,
    readonly node: SimNode,
    readonly topic: string,
    readonly index: number,
  ) {
    this.#client = new SimClient(node);
  }

  /** So many commits more than now are acknowledged. */
  goal(commits: number): Goal {
    const wanted = this.#acknowledged + commits;
    return { name: this.#name, isReached: () => this.#acknowledged >= wanted, act: () => this.act() };
  }

  /** Commits the next offset, without waiting for the answer. */
  act(): void {
    if (this.#busy || !this.node.up) return;
    this.#busy = true;
    void this.#commit(++this.#sent)
      .catch((reason: unknown) => {
        if (!(reason instanceof NoAnswer)) this.faults.push(`${this.#name}: ${String(reason)}`);
      })
      .finally(() => (this.#busy = false));
  }

  /** Whether what was acknowledged stands, or what was sent behind it. */
  async check(): Promise<void> {
    if (this.#acknowledged === 0) return;
    const { world, life } = this.node;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const [error, offset] = await this.#fetch();
      if (NOT_YET.has(error)) {
        await world.pause(AGAIN_US, 'again', life);
        continue;
      }
      const stands = error === 'NONE' && offset >= this.#acknowledged && offset <= this.#sent;
      if (!stands) {
        const range = `${this.#acknowledged} to ${this.#sent}`;
        this.faults.push(`${this.#name}: offset ${offset} (${error}) is committed instead of ${range}`);
      }
      return;
    }
    this.faults.push(`${this.#name}: the coordinator does not come back`);
  }

  async #commit(offset: number): Promise<void> {
    // As on Apache Kafka, looking for the coordinator makes the topic of offsets.
    if (this.#acknowledged === 0) await this.#client.send(FindCoordinator, 3, { key: this.group, keyType: 0 });
    const partition = { partitionIndex: this.index, committedOffset: BigInt(offset), committedMetadata: `${offset}` };
    const answer = await this.#client.send(OffsetCommit, 8, {
      groupId: this.group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: this.topic, partitions: [partition] }],
    });
    const error = errorName(answer.topics[0]!.partitions[0]!.errorCode);
    this.node.world.note(`${this.#name} ${offset} ${error}`);
    if (error === 'NONE') this.#acknowledged = offset;
  }

  async #fetch(): Promise<[error: string, offset: number]> {
    const answer = await this.#client.send(OffsetFetch, 8, {
      groups: [{ groupId: this.group, topics: [{ name: this.topic, partitionIndexes: [this.index] }] }],
    });
    const found = answer.groups[0]!;
    if (found.errorCode !== 0) return [errorName(found.errorCode), -1];
    const partition = found.topics[0]!.partitions[0]!;
    return [errorName(partition.errorCode), Number(partition.committedOffset)];
  }

  get #name(): string {
    return `${this.group} of ${this.topic}-${this.index}`;
  }
}
