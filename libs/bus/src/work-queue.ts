import { utf8 } from '@trunkline/kernel';
import type { Queue } from './contract.js';
import { consumingLane, groupName } from './consuming.js';
import { TrunklineError } from './error.js';
import { HEADER } from './headers.js';
import type { Lane } from './lane.js';
import type { EnqueueOptions, WorkHandler, WorkOptions } from './options.js';
import { retryPolicy } from './retry.js';
import { type Sender, keyBytes } from './sender.js';

/** The group of all workers of a queue, whatever service they are in. */
const WORKERS = 'workers';
const DEDUPE_ID_LENGTH_MAX = 256;

/** Work queues: each job is with one worker at a time. */
export class WorkQueue {
  constructor(readonly sender: Sender) {}

  async enqueue<T, In>(queue: Queue<T, In>, job: In, options: EnqueueOptions): Promise<void> {
    const { channels, outbox } = this.sender.parts;
    const making = channels.ready(queue);
    if (making !== undefined) await making;
    await this.sender.intercepted('enqueue', queue, job, options, ({ payload, headers }) => {
      const key = keyBytes(options.key);
      this.sender.addCloudEvent(headers, queue.name);
      addJobHeaders(headers, queue.name, options);
      const value = this.sender.encode(queue.codec, queue.name, payload as In, headers);
      const { name: channel } = queue;
      return outbox.send(key === undefined ? { channel, value, headers } : { channel, key, value, headers });
    });
  }

  lane<T, In>(queue: Queue<T, In>, handler: WorkHandler<T>, options: WorkOptions): Lane {
    const group = groupName(queue, WORKERS);
    return consumingLane(this.sender.parts, {
      kind: 'work',
      contract: queue,
      codec: queue.codec,
      tombstones: false,
      mode: { kind: 'group', group },
      group,
      retry: retryPolicy(options.retry, queue.retry, `work ${queue.name}`),
      handler,
      options,
    });
  }
}

function addJobHeaders(headers: Map<string, Uint8Array>, name: string, { dedupeId, expiresAt }: EnqueueOptions): void {
  if (dedupeId !== undefined) {
    if (dedupeId.length === 0 || dedupeId.length > DEDUPE_ID_LENGTH_MAX) {
      throw new TrunklineError(
        'MISUSE',
        `${name}: dedupeId has ${dedupeId.length} characters; give 1 to ${DEDUPE_ID_LENGTH_MAX}`,
      );
    }
    headers.set(HEADER.dedupeId, utf8(dedupeId));
  }
  if (expiresAt === undefined) return;
  const atMs = expiresAt.getTime();
  if (!Number.isSafeInteger(atMs) || atMs < 0) throw new TrunklineError('MISUSE', `${name}: expiresAt is not a time`);
  headers.set(HEADER.expiresAt, utf8(String(atMs)));
}
