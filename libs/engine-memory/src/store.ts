import type { ChannelSpec, OutgoingMessage } from '@trunkline/bus';
import { PublishFailed, TrunklineError } from '@trunkline/bus';
import { MemoryGroup } from './group.js';
import { MemoryPartition, type PartitionLimits } from './partition.js';

/** How a store keeps its messages. */
export interface StoreOptions {
  /** Partitions of a channel that does not say. Default 4. */
  readonly partitions?: number;
  /** Messages that a partition keeps. Default 100,000. */
  readonly messagesMax?: number;
  /** Bytes of keys and values that a partition keeps. Default 64 MiB. */
  readonly bytesMax?: number;
}

const CHANNELS_MAX = 10_000;

/** Channels and groups, in Maps. Gone with the process. */
export class MemoryStore {
  readonly #channels = new Map<string, readonly MemoryPartition[]>();
  readonly #groups = new Map<string, MemoryGroup>();
  readonly #partitions: number;
  readonly #limits: PartitionLimits;
  #spread = 0;

  constructor({ partitions = 4, messagesMax = 100_000, bytesMax = 67_108_864 }: StoreOptions = {}) {
    this.#partitions = partitions;
    this.#limits = { messagesMax, bytesMax };
  }

  /** Makes a channel when it is missing. */
  ensure({ channel, partitions = this.#partitions }: ChannelSpec): void {
    if (this.#channels.has(channel)) return;
    if (!/^[a-zA-Z0-9._-]{1,249}$/.test(channel)) {
      throw new TrunklineError('ENGINE_REFUSED', `channel "${channel}": a name is 1 to 249 of a-z A-Z 0-9 . _ -`);
    }
    if (this.#channels.size >= CHANNELS_MAX)
      throw new TrunklineError('ENGINE_REFUSED', `${CHANNELS_MAX} channels exist`);
    const made = Array.from({ length: partitions }, (_, index) => new MemoryPartition(channel, index, this.#limits));
    this.#channels.set(channel, made);
  }

  /** A channel's partitions. Throws `ENGINE_REFUSED` when there is no such channel. */
  partitionsOf(channel: string): readonly MemoryPartition[] {
    const partitions = this.#channels.get(channel);
    if (partitions === undefined) {
      throw new TrunklineError('ENGINE_REFUSED', `channel ${channel} does not exist; ensure it first`);
    }
    return partitions;
  }

  /** Appends in order. Throws `PublishFailed` that names those which were refused; the others are in. */
  append(messages: readonly OutgoingMessage[], messageBytesMax: number, timestampMs: number): void {
    const failed = new Map<number, TrunklineError>();
    for (const [index, message] of messages.entries()) {
      const partition = this.#target(message, messageBytesMax);
      if (partition instanceof TrunklineError) failed.set(index, partition);
      else partition.append(message, timestampMs);
    }
    if (failed.size > 0) throw new PublishFailed(failed);
  }

  group(name: string): MemoryGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new MemoryGroup(name, this);
      this.#groups.set(name, group);
    }
    return group;
  }

  #target(message: OutgoingMessage, messageBytesMax: number): MemoryPartition | TrunklineError {
    const { channel, key, value } = message;
    const bytes = value?.byteLength ?? 0;
    if (bytes > messageBytesMax) {
      return new TrunklineError(
        'MESSAGE_TOO_LARGE',
        `${channel}: ${bytes} bytes, over messageBytesMax ${messageBytesMax}`,
      );
    }
    const partitions = this.#channels.get(channel);
    if (partitions === undefined) return new TrunklineError('ENGINE_REFUSED', `channel ${channel} does not exist`);
    const index = message.partition ?? (key === undefined ? this.#spread++ : hashOf(key)) % partitions.length;
    const partition = partitions[index];
    return partition ?? new TrunklineError('ENGINE_REFUSED', `channel ${channel} has no partition ${index}`);
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
