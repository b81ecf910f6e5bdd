import type { Contract } from './contract.js';
import type { ChannelSpec, Engine } from './engine.js';
import { TrunklineError } from './error.js';

/** Knows which channels exist, and which contract each name stands for in this process. */
export class Channels {
  readonly #contracts = new Map<string, Contract>();
  readonly #ready = new Set<string>();
  readonly #making = new Map<string, Promise<void>>();

  constructor(readonly engine: Engine) {}

  /** Throws `MISUSE` when the name stands for something else already. */
  claim(contract: Contract): void {
    const known = this.#contracts.get(contract.name);
    if (known === contract) return;
    if (known === undefined) {
      this.#contracts.set(contract.name, contract);
      return;
    }
    const difference = differenceBetween(known, contract);
    if (difference === undefined) return;
    throw new TrunklineError('MISUSE', `${contract.name}: ${difference}; use one contract value, or another name`);
  }

  /** Makes the channels of a contract when they are missing; undefined when that was done already. */
  ready(contract: Contract): Promise<void> | undefined {
    return this.#ready.has(contract.name) ? undefined : this.make(channelsOf(contract));
  }

  /** Makes channels when they are missing; those that were made once are not asked for again. */
  async make(specs: readonly ChannelSpec[]): Promise<void> {
    const missing = specs.filter(({ channel }) => !this.#ready.has(channel) && !this.#making.has(channel));
    if (missing.length > 0) {
      const made = this.#make(missing);
      for (const { channel } of missing) this.#making.set(channel, made);
    }
    await Promise.all(specs.flatMap(({ channel }) => this.#making.get(channel) ?? []));
  }

  async #make(specs: readonly ChannelSpec[]): Promise<void> {
    try {
      await this.engine.ensure(specs);
      for (const { channel } of specs) this.#ready.add(channel);
    } finally {
      for (const { channel } of specs) this.#making.delete(channel);
    }
  }
}

/** Requests are worth nothing once their callers gave up. */
const REQUEST_RETENTION_MS = 3_600_000;

/**
 * The channels of a contract, as they are made when they are missing. Those of calls are flushed by the operating system:
 * a request that a power cut took is a timeout to its caller.
 */
export function channelsOf(contract: Contract): readonly ChannelSpec[] {
  const { name, partitions, retentionMs, kind } = contract;
  const isCall = kind === 'call' || kind === 'stream';
  const keptMs = retentionMs ?? (isCall ? REQUEST_RETENTION_MS : undefined);
  const own: ChannelSpec = {
    channel: name,
    ...(partitions !== undefined && { partitions }),
    ...(keptMs !== undefined && { retentionMs: keptMs }),
    flush: isCall ? 'os' : 'default',
  };
  if (!isCall) return [own];
  const control = {
    channel: controlChannel(name),
    partitions: 1,
    retentionMs: REQUEST_RETENTION_MS,
    flush: 'os' as const,
  };
  return [own, control];
}

/** Where a call's responders listen for callers that gave up. Used only then: the normal path costs no message more. */
export function controlChannel(call: string): string {
  return `${call}.control`;
}

const KIND_WORDS = { topic: 'a topic', queue: 'a queue', call: 'a call', stream: 'a call with a stream' } as const;

function differenceBetween(known: Contract, other: Contract): string | undefined {
  if (known.kind !== other.kind) {
    return `is ${KIND_WORDS[known.kind]} in one place and ${KIND_WORDS[other.kind]} in another`;
  }
  const before = contentTypes(known);
  const after = contentTypes(other);
  return before === after ? undefined : `carries ${before} in one place and ${after} in another`;
}

function contentTypes(contract: Contract): string {
  switch (contract.kind) {
    case 'topic':
    case 'queue':
      return contract.codec.contentType;
    case 'call':
      return `${contract.request.contentType} -> ${contract.reply.contentType}`;
    case 'stream':
      return `${contract.request.contentType} -> ${contract.item.contentType}`;
  }
}
