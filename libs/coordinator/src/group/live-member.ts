import type { Reply } from '../state-machine.js';
import type { StoredMember } from './group-records.js';
import type { JoinAnswer, JoinRequest, MemberProtocol, SyncAnswer } from './requests.js';

/** A member as memory has it: what it said last, and what it waits for. */
export interface LiveMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  protocols: readonly MemberProtocol[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** Has not had an answer to its first join: no heartbeat can be expected, and waiting does not keep it alive. */
  isNew: boolean;
  /** When it is taken for dead, monotonic; undefined while it waits for us. */
  sessionDeadlineMs: number | undefined;
  awaitingJoin: Reply<JoinAnswer> | undefined;
  awaitingSync: Reply<SyncAnswer> | undefined;
}

export function memberOfRequest(memberId: string, request: JoinRequest): LiveMember {
  return {
    memberId,
    instanceId: request.instanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    protocols: request.protocols,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    isNew: true,
    sessionDeadlineMs: undefined,
    awaitingJoin: undefined,
    awaitingSync: undefined,
  };
}

/** A member that was there before a restart: it has a whole session to be heard of. */
export function memberOfStored(stored: StoredMember, protocol: string, nowMs: number): LiveMember {
  return {
    memberId: stored.memberId,
    instanceId: stored.instanceId,
    clientId: stored.clientId,
    clientHost: stored.clientHost,
    protocols: [{ name: protocol, metadata: stored.subscription }],
    sessionTimeoutMs: stored.sessionTimeoutMs,
    rebalanceTimeoutMs: stored.rebalanceTimeoutMs === -1 ? stored.sessionTimeoutMs : stored.rebalanceTimeoutMs,
    isNew: false,
    sessionDeadlineMs: nowMs + stored.sessionTimeoutMs,
    awaitingJoin: undefined,
    awaitingSync: undefined,
  };
}

const NO_METADATA = new Uint8Array(0);

/** What the member said for `protocol`. */
export function metadataFor(member: LiveMember, protocol: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_METADATA;
}

/** Bytes of all that the member said. */
export function protocolBytes(protocols: readonly MemberProtocol[]): number {
  let total = 0;
  for (const { name, metadata } of protocols) total += name.length + metadata.byteLength;
  return total;
}
