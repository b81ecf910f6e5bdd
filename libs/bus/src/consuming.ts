import type { Codec } from './codec.js';
import { type Contract, channelName } from './contract.js';
import { channelsOf } from './channels.js';
import { DeadLetters } from './dead-letters.js';
import type { SubscriptionMode } from './engine.js';
import { TrunklineError } from './error.js';
import type { HandlerKind, Interceptor } from './interceptor.js';
import { MemoryDedupeStore, idempotent } from './interceptors/idempotent.js';
import { Lane } from './lane.js';
import type { WorkOptions } from './options.js';
import type { BusParts } from './parts.js';
import { type Handler, Pipeline } from './pipeline.js';
import type { RetryPolicy } from './retry.js';

/** What the lanes of subscribers and workers have in common. */
export interface ConsumingSpec {
  readonly kind: HandlerKind;
  readonly contract: Contract;
  readonly codec: Codec<unknown, never>;
  readonly tombstones: boolean;
  readonly mode: SubscriptionMode;
  /** `<name>.<group>`: the dead letters' channel is this and `.dead`. */
  readonly group: string;
  readonly retry: RetryPolicy;
  readonly handler: Handler;
  readonly options: WorkOptions;
}

/** A lane whose messages are retried and dead-lettered. */
export function consumingLane(parts: BusParts, spec: ConsumingSpec): Lane {
  const { kind, contract, codec, tombstones, mode, group, retry, handler, options } = spec;
  const name = `${kind} ${contract.name}`;
  const order = options.order ?? (parts.engine.features.orderedByKey ? 'key' : 'none');
  if (order === 'key' && !parts.engine.features.orderedByKey) throw lacks(parts, name, `order: 'key'`, 'orderedByKey');
  if (options.from === 'earliest' && !parts.engine.features.replay)
    throw lacks(parts, name, `from: 'earliest'`, 'replay');
  const deadLetters = new DeadLetters(parts, group);
  const interceptors = [...(options.interceptors ?? []), ...dedupeOf(parts, name, options)];
  const channel = contract.name;
  const pipeline = new Pipeline(parts, { kind, channel, codec, tombstones, retry, interceptors, handler, deadLetters });
  const concurrency = options.concurrency ?? parts.limits.concurrency;
  const lane: Lane = new Lane(
    parts,
    {
      name,
      channel,
      mode,
      order,
      concurrency,
      from: options.from ?? 'earliest',
      channels: [...channelsOf(contract), { channel: deadLetters.channel, partitions: 1 }],
    },
    (delivery) => pipeline.deliver(delivery, lane),
  );
  return lane;
}

/** A channel's name may have 249 characters; `.dead` goes behind the group's. */
const GROUP_LENGTH_MAX = 244;

/** The full name of a group: `<name>.<group>`, room left for `.dead`. Throws `MISUSE`. */
export function groupName(contract: Contract, group: string): string {
  const name = `${contract.name}.${channelName(`group "${group}" of ${contract.name}`, group)}`;
  if (name.length > GROUP_LENGTH_MAX) {
    throw new TrunklineError('MISUSE', `${name}: a name and its group have ${GROUP_LENGTH_MAX} characters at most`);
  }
  return name;
}

/** The error of an option that the engine cannot honour. */
export function lacks(parts: BusParts, name: string, what: string, feature: string): TrunklineError {
  const detail = `${name}: the engine ${parts.engine.name} lacks ${feature}, which ${what} needs; choose another engine or leave it out`;
  return new TrunklineError('UNSUPPORTED', detail);
}

function dedupeOf(parts: BusParts, name: string, { idempotent: wanted }: WorkOptions): Interceptor[] {
  if (wanted === undefined) return [];
  if (!(wanted.ttlMs >= 1))
    throw new TrunklineError('MISUSE', `${name}: idempotent.ttlMs is ${wanted.ttlMs}; give 1 or more`);
  const store = wanted.store ?? new MemoryDedupeStore(parts.clock);
  return [idempotent({ ttlMs: wanted.ttlMs, store, ...(wanted.key !== undefined && { key: wanted.key }) })];
}
