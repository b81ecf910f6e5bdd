import type { Engine } from './engine.js';
import { TrunklineError } from './error.js';

/** A limit on everything, with its unit in its name. */
export interface Limits {
  /** Bytes of a message's value. Default 1 MiB; the engine's own limit when that is lower. */
  readonly messageBytesMax: number;
  /** Headers of a message. One more on the way in is a decoding error. */
  readonly headersMax: number;
  /** Bytes of a message's header names and values together. */
  readonly headerBytesMax: number;
  /** Messages handed to the engine, or waiting to be, that it has not answered. */
  readonly sendsPendingMax: number;
  /** Bytes of the values of those. */
  readonly sendBytesPendingMax: number;
  /** Handlers of a lane that run at once, when the handler does not say. */
  readonly concurrency: number;
  /** Requests of this process without an answer. */
  readonly requestsPendingMax: number;
  /** Streams that this process reads, and as many that it answers. */
  readonly streamsOpenMax: number;
  /** Items of a stream that may be on their way or wait unread. */
  readonly streamCreditItems: number;
  /** Partitions of the inbox if it is made now. Processes share them when there are more. */
  readonly inboxPartitions: number;
  /** How long replies are kept in the inbox. */
  readonly inboxRetentionMs: number;
}

export type LimitOptions = Partial<Limits>;

export const DEFAULT_LIMITS: Limits = Object.freeze({
  messageBytesMax: 1_048_576,
  headersMax: 100,
  headerBytesMax: 65_536,
  sendsPendingMax: 100_000,
  sendBytesPendingMax: 268_435_456,
  concurrency: 16,
  requestsPendingMax: 10_000,
  streamsOpenMax: 256,
  streamCreditItems: 32,
  inboxPartitions: 16,
  inboxRetentionMs: 600_000,
});

const UPPER: Limits = {
  messageBytesMax: 1_073_741_824,
  headersMax: 10_000,
  headerBytesMax: 16_777_216,
  sendsPendingMax: 10_000_000,
  sendBytesPendingMax: 17_179_869_184,
  concurrency: 10_000,
  requestsPendingMax: 1_000_000,
  streamsOpenMax: 100_000,
  streamCreditItems: 1_024,
  inboxPartitions: 1_000,
  inboxRetentionMs: 604_800_000,
};

/** The defaults with `given` over them. Throws `MISUSE` that names the limit, the value and what is allowed. */
export function limitsOf(given: LimitOptions | undefined, engine: Pick<Engine, 'name' | 'messageBytesMax'>): Limits {
  const messageBytesMax = Math.min(DEFAULT_LIMITS.messageBytesMax, engine.messageBytesMax);
  const limits: Limits = { ...DEFAULT_LIMITS, messageBytesMax };
  for (const name of Object.keys(given ?? {})) {
    if (!isLimit(name)) throw new TrunklineError('MISUSE', `limits.${name} is not a limit of the bus`);
    const value = given?.[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1 || value > UPPER[name]) {
      throw new TrunklineError('MISUSE', `limits.${name} is ${value}; give a whole number from 1 to ${UPPER[name]}`);
    }
    Object.assign(limits, { [name]: value });
  }
  if (limits.messageBytesMax > engine.messageBytesMax) {
    const detail = `limits.messageBytesMax is ${limits.messageBytesMax}; the engine ${engine.name} takes ${engine.messageBytesMax}`;
    throw new TrunklineError('MISUSE', `${detail}; lower it, or raise the engine's own`);
  }
  return Object.freeze(limits);
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(DEFAULT_LIMITS, name);
}
