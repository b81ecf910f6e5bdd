import type { Uuid } from '@trunkline/kernel';

/** A member as `__consumer_offsets` keeps it. */
export interface StoredMember {
  readonly memberId: string;
  /** group.instance.id of a static member (KIP-345), or null. */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** The member's metadata for the group's protocol. Opaque. */
  readonly subscription: Uint8Array;
  /** What the leader gave it. Opaque. */
  readonly assignment: Uint8Array;
}

/** A group's last generation that was agreed upon, or its being empty. */
export interface StoredGroup {
  /** `consumer`, `connect`, `sr` ...; empty for a group that nobody has joined. */
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** Since when the group has been as it is, milliseconds since 1970; -1: unknown. */
  readonly sinceMs: number;
  readonly members: readonly StoredMember[];
}

/** A committed offset. Comes back to its consumer as it was given. */
export interface StoredOffset {
  /** int64. Not an `Offset`: clients may commit what they like. */
  readonly offset: bigint;
  /** -1: not told. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly committedMs: number;
  /** When it expires, if the client said so (OffsetCommit v2 to v4); else -1 and the broker's retention holds. */
  readonly expiresMs: number;
  /** The topic it belongs to; the zero id where that is not known. */
  readonly topicId: Uuid;
}

/** What a shard of consumer groups writes. A null value is a tombstone. */
export type GroupRecord =
  | { readonly kind: 'group'; readonly groupId: string; readonly value: StoredGroup | null }
  | {
      readonly kind: 'offset';
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      readonly value: StoredOffset | null;
    };
