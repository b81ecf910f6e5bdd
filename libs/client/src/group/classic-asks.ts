import type { TopicPartition } from '../topic-partition.js';

/** A member as JoinGroup's answer shows it to the leader; `metadata` is its subscription, still bytes. */
export interface JoinedPeer {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
}

/** What a member of a classic group asks. All but `assign` go to the coordinator. */
export type ClassicAsk =
  | {
      readonly api: 'join';
      readonly memberId: string;
      readonly generation: number;
      /** What goes into the subscription as owned (cooperative), and what user data may tell (eager). */
      readonly owned: readonly TopicPartition[];
      readonly held: readonly TopicPartition[];
      readonly reason: string;
      readonly timeoutMs: number;
    }
  /** The leader shares the partitions: looks at the metadata of all members' topics, and runs the assignor. */
  | { readonly api: 'assign'; readonly protocolName: string; readonly peers: readonly JoinedPeer[] }
  | {
      readonly api: 'sync';
      readonly memberId: string;
      readonly generation: number;
      readonly protocolName: string;
      readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
      readonly timeoutMs: number;
    }
  | { readonly api: 'heartbeat'; readonly memberId: string; readonly generation: number; readonly timeoutMs: number }
  | { readonly api: 'leave'; readonly memberId: string };

/** What comes back. Error codes have become `failed` inputs, MEMBER_ID_REQUIRED excepted. */
export type ClassicReply =
  | {
      readonly api: 'join';
      /** MEMBER_ID_REQUIRED (KIP-394): join again with this member id. */
      readonly isIdOnly: boolean;
      readonly memberId: string;
      readonly generation: number;
      readonly protocolName: string;
      readonly leader: string;
      /** The group keeps its assignment though this member leads (KIP-814). */
      readonly skipAssignment: boolean;
      readonly peers: readonly JoinedPeer[];
    }
  | {
      readonly api: 'assign';
      readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
    }
  | { readonly api: 'sync'; readonly assigned: readonly TopicPartition[] }
  | { readonly api: 'heartbeat' }
  | { readonly api: 'leave' };
