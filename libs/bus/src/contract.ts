import type { Codec } from './codec.js';
import { TrunklineError } from './error.js';
import { type RetryPolicy, DEFAULT_RETRY, retryPolicy } from './retry.js';

/** How the channel of a contract is made when it is missing. Channels that exist are left as they are. */
export interface ChannelOptions {
  /** Missing: the engine's default. */
  readonly partitions?: number;
  /** How long messages are kept. Missing: the engine's default. */
  readonly retentionMs?: number;
}

/** Facts that happened, for whoever listens: each group of subscribers gets each message. */
export interface Topic<T, In = T> extends ChannelOptions {
  readonly kind: 'topic';
  readonly name: string;
  readonly codec: Codec<T, In>;
  /** Whether null may be sent: the key's deletion in a compacted topic. */
  readonly tombstones: boolean;
}

/** Jobs: each is done by one worker. */
export interface Queue<T, In = T> extends ChannelOptions {
  readonly kind: 'queue';
  readonly name: string;
  readonly codec: Codec<T, In>;
  readonly retry: RetryPolicy;
}

/** A question with one answer. */
export interface Call<Request, Reply, RequestIn = Request, ReplyIn = Reply> extends ChannelOptions {
  readonly kind: 'call';
  readonly name: string;
  readonly request: Codec<Request, RequestIn>;
  readonly reply: Codec<Reply, ReplyIn>;
  readonly timeoutMs: number;
}

/** A question with many answers, one after the other. */
export interface StreamCall<Request, Item, RequestIn = Request, ItemIn = Item> extends ChannelOptions {
  readonly kind: 'stream';
  readonly name: string;
  readonly request: Codec<Request, RequestIn>;
  readonly item: Codec<Item, ItemIn>;
  /** The longest silence: to the first item, and from one to the next while the caller waits for it. */
  readonly timeoutMs: number;
}

/** Any contract; what it carries is unknown. */
export type Contract =
  | Topic<unknown, never>
  | Queue<unknown, never>
  | Call<unknown, unknown, never, never>
  | StreamCall<unknown, unknown, never, never>;

export interface TopicOptions extends ChannelOptions {
  /** Allows null as a value: the deletion of its key. Handlers then get null too. Default false. */
  readonly tombstones?: boolean;
}

export interface QueueOptions extends ChannelOptions {
  /** Default: 5 attempts, `exponential(200, 30_000)`. */
  readonly retry?: Partial<RetryPolicy>;
}

export interface CallOptions<Request, Reply, RequestIn, ReplyIn> extends ChannelOptions {
  readonly request: Codec<Request, RequestIn>;
  readonly reply: Codec<Reply, ReplyIn>;
  /** How long a caller waits when it does not say. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface StreamCallOptions<Request, Item, RequestIn, ItemIn> extends ChannelOptions {
  readonly request: Codec<Request, RequestIn>;
  readonly item: Codec<Item, ItemIn>;
  /** The longest silence between two items when the caller does not say. Default 30,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** A topic by name. Throws `MISUSE` for a name that no engine could carry. */
export function topic<T, In = T>(
  name: string,
  codec: Codec<T, In>,
  options: TopicOptions & { readonly tombstones: true },
): Topic<T | null, In | null>;
export function topic<T, In = T>(name: string, codec: Codec<T, In>, options?: TopicOptions): Topic<T, In>;
export function topic<T, In>(name: string, codec: Codec<T, In>, options: TopicOptions = {}): Topic<T, In> {
  return Object.freeze({
    kind: 'topic',
    name: contractName('topic', name),
    codec,
    tombstones: options.tombstones ?? false,
    ...channelOptions(name, options),
  });
}

/** A queue by name. Throws `MISUSE` for a wrong name or a retry policy without bounds. */
export function queue<T, In = T>(name: string, codec: Codec<T, In>, options: QueueOptions = {}): Queue<T, In> {
  return Object.freeze({
    kind: 'queue',
    name: contractName('queue', name),
    codec,
    retry: retryPolicy(options.retry, DEFAULT_RETRY, `queue ${name}`),
    ...channelOptions(name, options),
  });
}

function callWithOneReply<Request, Reply, RequestIn = Request, ReplyIn = Reply>(
  name: string,
  options: CallOptions<Request, Reply, RequestIn, ReplyIn>,
): Call<Request, Reply, RequestIn, ReplyIn> {
  return Object.freeze({
    kind: 'call',
    name: contractName('call', name),
    request: options.request,
    reply: options.reply,
    timeoutMs: timeoutOf(name, options.timeoutMs),
    ...channelOptions(name, options),
  });
}

function callWithStream<Request, Item, RequestIn = Request, ItemIn = Item>(
  name: string,
  options: StreamCallOptions<Request, Item, RequestIn, ItemIn>,
): StreamCall<Request, Item, RequestIn, ItemIn> {
  return Object.freeze({
    kind: 'stream',
    name: contractName('call', name),
    request: options.request,
    item: options.item,
    timeoutMs: timeoutOf(name, options.timeoutMs),
    ...channelOptions(name, options),
  });
}

/** A call by name, `call.stream` with many answers. Throws `MISUSE` for a wrong name or timeout. */
export const call = Object.assign(callWithOneReply, { stream: callWithStream });

/** Characters in a name at most; room is left for `.<group>.dead` behind it. */
export const NAME_LENGTH_MAX = 150;

/** Checks a contract's name: 1 to 150 of `[a-zA-Z0-9._-]`, none of the bus's own endings. Returns it. */
export function contractName(kind: string, name: string): string {
  channelName(`${kind} "${name}"`, name);
  const ending = ['.inbox', '.control'].find((own) => name.endsWith(own));
  if (ending !== undefined) {
    throw new TrunklineError(
      'MISUSE',
      `${kind} "${name}": names that end with ${ending} are the bus's own; choose another`,
    );
  }
  return name;
}

/** Checks what becomes part of a channel's name. Returns it. */
export function channelName(what: string, name: string): string {
  if (name.length === 0 || name.length > NAME_LENGTH_MAX || !/^[a-zA-Z0-9._-]+$/.test(name)) {
    throw new TrunklineError('MISUSE', `${what}: a name is 1 to ${NAME_LENGTH_MAX} of a-z A-Z 0-9 . _ -`);
  }
  if (/^\.+$/.test(name) || name.startsWith('__')) {
    throw new TrunklineError('MISUSE', `${what}: a name is not made of dots, and does not begin with __`);
  }
  return name;
}

function channelOptions(name: string, { partitions, retentionMs }: ChannelOptions): ChannelOptions {
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions >= 1 && partitions <= 10_000)) {
    throw new TrunklineError('MISUSE', `${name}: partitions is ${partitions}; give a whole number from 1 to 10000`);
  }
  if (retentionMs !== undefined && !(Number.isSafeInteger(retentionMs) && retentionMs > 0)) {
    throw new TrunklineError('MISUSE', `${name}: retentionMs is ${retentionMs}; give a whole number of milliseconds`);
  }
  return { ...(partitions !== undefined && { partitions }), ...(retentionMs !== undefined && { retentionMs }) };
}

function timeoutOf(name: string, timeoutMs: number = TIMEOUT_MS): number {
  return checkedTimeout(`call ${name}`, timeoutMs);
}

/** A timeout of a call: 1 ms to one day. */
export function checkedTimeout(what: string, timeoutMs: number): number {
  if (!(timeoutMs >= 1 && timeoutMs <= 86_400_000)) {
    throw new TrunklineError('MISUSE', `${what}: timeoutMs is ${timeoutMs}; give 1 to 86400000 (one day)`);
  }
  return timeoutMs;
}
