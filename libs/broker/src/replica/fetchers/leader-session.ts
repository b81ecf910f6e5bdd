import type { Uuid } from '@trunkline/kernel';

/** What a follower asks of one partition. */
export interface FollowerWish {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: bigint;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: bigint;
  readonly partitionMaxBytes: number;
  /** Left out: the follower need not hear at once that the watermark moved. */
  readonly highWatermark?: bigint;
}

interface TopicWishes {
  readonly topicId: Uuid;
  readonly partitions: FollowerWish[];
}

/** The session part of a fetch request. */
export interface SessionPart {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: readonly TopicWishes[];
  readonly forgottenTopicsData: readonly { readonly topicId: Uuid; readonly partitions: readonly number[] }[];
}

const LAST_EPOCH = 0x7fff_ffff;

/** A follower's end of a fetch session (KIP-227): only what differs from what the leader remembers is asked. */
export class LeaderSession {
  #id = 0;
  #epoch = 0;
  #asked = new Map<string, FollowerWish>();

  /** The next request: all the wishes, of which the leader may know some. */
  next(wishes: ReadonlyMap<string, FollowerWish>): SessionPart {
    const isNew = this.#epoch === 0;
    const asked = isNew ? [...wishes] : [...wishes].filter(([key, wish]) => !isSame(wish, this.#asked.get(key)));
    const forgotten = isNew ? [] : [...this.#asked].filter(([key]) => !wishes.has(key));
    this.#asked = new Map(wishes);
    const [sessionId, sessionEpoch] = [this.#id, this.#epoch];
    this.#epoch = this.#epoch === LAST_EPOCH ? 1 : this.#epoch + 1;
    return {
      sessionId,
      sessionEpoch,
      topics: topicsOf(asked.map(([, wish]) => wish)),
      forgottenTopicsData: topicsOf(forgotten.map(([, wish]) => wish)).map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
    };
  }

  /** The leader answered, and keeps a session of this id; 0: it keeps none. */
  answered(sessionId: number): void {
    if (sessionId === 0) this.reset();
    this.#id = sessionId;
  }

  /** Begins anew; what the leader may have kept is given up with the next request. */
  reset(): void {
    this.#epoch = 0;
    this.#asked.clear();
  }
}

function isSame(wish: FollowerWish, asked: FollowerWish | undefined): boolean {
  return (
    asked !== undefined &&
    asked.fetchOffset === wish.fetchOffset &&
    asked.currentLeaderEpoch === wish.currentLeaderEpoch &&
    asked.lastFetchedEpoch === wish.lastFetchedEpoch &&
    asked.logStartOffset === wish.logStartOffset &&
    asked.highWatermark === wish.highWatermark &&
    asked.partitionMaxBytes === wish.partitionMaxBytes
  );
}

function topicsOf(wishes: readonly FollowerWish[]): TopicWishes[] {
  const topics = new Map<Uuid, TopicWishes>();
  for (const wish of wishes) {
    const { topicId } = wish;
    const topic = topics.get(topicId) ?? { topicId, partitions: [] };
    topic.partitions.push(wish);
    topics.set(topicId, topic);
  }
  return [...topics.values()];
}
