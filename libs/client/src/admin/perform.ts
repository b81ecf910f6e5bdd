import type { Target } from '../cluster/cluster.js';
import { KafkaError, type KafkaErrorName } from '../error.js';
import type { Call } from './call.js';
import { type KeyKind, Outcomes } from './outcome.js';
import { type Refuses, Rounds } from './rounds.js';

/** Items that go to one place. */
export interface Stop<Key> {
  readonly target: Target;
  readonly keys: readonly Key[];
}

/** How a call is performed: which items, where they go, and how they are asked for. */
export interface Plan<Key, T> {
  readonly kind: KeyKind<Key>;
  readonly keys: readonly Key[];
  /** Where the items go now. May refuse items itself. What it throws holds for all of them. */
  route(keys: readonly Key[], rounds: Refuses<Key>): Promise<readonly Stop<Key>[]> | readonly Stop<Key>[];
  /** Asks one place for its items, and answers each of them. What it throws holds for all of them. */
  ask(stop: Stop<Key>, rounds: Rounds<Key, T>): Promise<void>;
  /** Codes after which an item is asked for again, beside those of moves. */
  readonly again?: readonly KafkaErrorName[];
  /** Whether a topic that is not known is asked for again for `unknownTopicWaitMs`; false. */
  readonly waitsForTopics?: boolean;
  /** Whether the request may be repeated when it is not known whether it had its effect; true. */
  readonly repeatable?: boolean;
}

/** What was asked has moved, or is not there yet. */
const MOVED: readonly KafkaErrorName[] = [
  'NOT_CONTROLLER',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'THROTTLING_QUOTA_EXCEEDED',
];

/** Whether a request that failed so has left, and may have had its effect. */
const UNCERTAIN: readonly KafkaErrorName[] = ['DISCONNECTED', 'TIMED_OUT', 'PROTOCOL_VIOLATION'];

/**
 * Performs a plan in rounds: each pending item goes where it belongs, places are asked side by side, one place's requests
 * one after the other; what moved is looked up and asked for again until the call's time is over.
 *
 * Rejects when no item got an answer. Resolves with every item's outcome otherwise.
 */
export async function perform<Key, T>(call: Call, plan: Plan<Key, T>): Promise<Outcomes<Key, T>> {
  if (plan.keys.length === 0) return new Outcomes<Key, T>(plan.kind, []);
  const { settings, cluster } = call.scope;
  const rounds = new Rounds<Key, T>(plan.kind, plan.keys, {
    deadlineMs: call.deadlineMs,
    backoffMs: settings.retryBackoffMs,
    backoffMaxMs: settings.retryBackoffMaxMs,
    unknownTopicWaitMs: plan.waitsForTopics === true ? settings.unknownTopicWaitMs : 0,
    again: new Set([...MOVED, ...(plan.again ?? [])]),
  });
  for (;;) {
    await oneRound(call, plan, rounds);
    const step = rounds.end(call.nowMs(), cluster.ports.random.below(1_001) / 1_000);
    if (step.kind === 'done') return rounds.outcomes();
    await call.pause(step.delayMs);
  }
}

/**
 * The same for a call that is one item: what `ask` throws with a code of Kafka's is its answer.
 *
 * Rejects with the KafkaError that it ended with.
 */
export async function performOne<T>(
  call: Call,
  what: string,
  route: Plan<string, T>['route'],
  ask: (target: Target) => Promise<T>,
  options: Pick<Plan<string, T>, 'again' | 'repeatable'> = {},
): Promise<T> {
  const outcomes = await perform<string, T>(call, {
    ...options,
    kind: THE_CALL,
    keys: [what],
    route,
    ask: async ({ target }, rounds) => {
      try {
        const value = await ask(target);
        rounds.answer(what, 0, null, () => value);
      } catch (reason) {
        if (!(reason instanceof KafkaError) || reason.number === undefined) throw reason;
        rounds.refuse(what, reason);
      }
    },
  });
  return outcomes.value(what);
}

const THE_CALL: KeyKind<string> = { id: (what) => what, text: (what) => what };

async function oneRound<Key, T>(call: Call, plan: Plan<Key, T>, rounds: Rounds<Key, T>): Promise<void> {
  const keys = rounds.begin(call.nowMs());
  let stops: readonly Stop<Key>[];
  try {
    stops = await plan.route(keys, rounds);
  } catch (reason) {
    return rounds.fail(keys, ended(reason));
  }
  await Promise.all(stops.map((stop) => visit(call, plan, stop, rounds)));
}

async function visit<Key, T>(call: Call, plan: Plan<Key, T>, stop: Stop<Key>, rounds: Rounds<Key, T>): Promise<void> {
  const { cluster, settings } = call.scope;
  const { target } = stop;
  for (let from = 0; from < stop.keys.length; from += settings.requestItemsMax) {
    const keys = stop.keys.slice(from, from + settings.requestItemsMax);
    try {
      // A broker that joined since: its address is not known yet.
      if (target.kind === 'node' && !cluster.image.brokers.has(target.nodeId)) await cluster.refresh();
      await plan.ask({ target, keys }, rounds);
    } catch (reason) {
      const error = ended(reason);
      if (plan.repeatable === false && error.is(...UNCERTAIN)) throw error;
      rounds.fail(keys, error);
    }
  }
}

/** The error, when the call may go on with other items; throws it when the call has ended. */
function ended(reason: unknown): KafkaError {
  const error = KafkaError.from(reason, 'PROTOCOL_VIOLATION');
  if (error.is('CLOSED', 'ABORTED', 'MISUSE')) throw error;
  return error;
}
