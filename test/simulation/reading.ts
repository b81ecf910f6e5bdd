import { fromUtf8 } from '@trunkline/kernel';
import { compression } from '@trunkline/platform';
import { Fetch, ListOffsets, errorName } from '@trunkline/protocol';
import { batchesIn } from '@trunkline/records';
import type { PartitionLedger } from './ledger.js';
import { NoAnswer, SimClient, type SimNode } from './node.js';

const EARLIEST = -2n;
const READ_BYTES_MAX = 1 << 20;
const RECORD_BYTES_MAX = 1 << 20;

interface Fetched {
  readonly error: string;
  readonly start: number;
  readonly watermark: number;
  /** Offsets and values, from the one that was asked for. */
  readonly records: readonly (readonly [number, string])[];
}

/** Fetches one partition from `from`, as a consumer does. */
export async function fetchFrom(
  client: SimClient,
  { name, index }: PartitionLedger,
  from: number,
  bytesMax: number,
  maxWaitMs: number,
): Promise<Fetched> {
  const answer = await client.send(Fetch, 12, {
    maxWaitMs,
    minBytes: 1,
    maxBytes: bytesMax,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      { topic: name, partitions: [{ partition: index, fetchOffset: BigInt(from), partitionMaxBytes: bytesMax }] },
    ],
    forgottenTopicsData: [],
  });
  const found = answer.responses[0]?.partitions[0];
  if (found === undefined) return { error: errorName(answer.errorCode), start: -1, watermark: -1, records: [] };
  const records: [number, string][] = [];
  for (const batch of batchesIn(found.records ?? new Uint8Array(0))) {
    for (const { offset, value } of batch.records(compression, RECORD_BYTES_MAX)) {
      if (offset < from) continue;
      const [producer, sequence] = fromUtf8(value ?? new Uint8Array(0)).split(':');
      records.push([offset, `${producer}:${sequence}`]);
    }
  }
  const [start, watermark] = [Number(found.logStartOffset), Number(found.highWatermark)];
  return { error: errorName(found.errorCode), start, watermark, records };
}

/** Where the log of a partition starts. */
export async function earliest(client: SimClient, { name, index }: PartitionLedger): Promise<[string, number]> {
  const answer = await client.send(ListOffsets, 6, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions: [{ partitionIndex: index, timestamp: EARLIEST }] }],
  });
  const found = answer.topics[0]!.partitions[0]!;
  return [errorName(found.errorCode), Number(found.offset)];
}

/** A consumer of one partition that reads on from where it stands, and tells the ledger what it saw. */
export class SimReader {
  readonly faults: string[] = [];
  readonly #client: SimClient;
  #position = 0;
  #busy = false;

  constructor(
    readonly node: SimNode,
    readonly ledger: PartitionLedger,
  ) {
    this.#client = new SimClient(node);
  }

  /** Reads a little, without waiting for it. */
  act(): void {
    if (this.#busy || !this.node.up) return;
    this.#busy = true;
    const stop = (reason: unknown): void => {
      if (!(reason instanceof NoAnswer)) this.faults.push(`${this.#name}: ${String(reason)}`);
    };
    void this.#read()
      .catch(stop)
      .finally(() => (this.#busy = false));
  }

  async #read(): Promise<void> {
    const { dice } = this.node.world;
    const floor = this.ledger.floor();
    const maxWaitMs = dice.chance(30) ? dice.below(500) : 0;
    const { error, start, watermark, records } = await fetchFrom(
      this.#client,
      this.ledger,
      this.#position,
      dice.chance(50) ? READ_BYTES_MAX : 1 + dice.below(3000),
      maxWaitMs,
    );
    if (error === 'OFFSET_OUT_OF_RANGE') return this.#reset();
    if (error !== 'NONE') return;
    this.ledger.bounds(start, watermark, floor);
    for (const [offset, value] of records) {
      if (offset !== this.#position) this.faults.push(`${this.#name}: ${offset} came where ${this.#position} was due`);
      if (offset >= watermark) this.faults.push(`${this.#name}: ${offset} was shown above the watermark ${watermark}`);
      this.ledger.read(offset, value);
      this.#position = offset + 1;
    }
  }

  /** What it read stood in the log: its position can lie before the start, never behind the end. */
  async #reset(): Promise<void> {
    const [error, start] = await earliest(this.#client, this.ledger);
    if (error !== 'NONE') return;
    if (start <= this.#position) {
      this.faults.push(`${this.#name}: ${this.#position} was refused, and the log starts at ${start}`);
    }
    this.#position = start;
  }

  get #name(): string {
    return `reader of ${this.ledger.name}-${this.ledger.index}`;
  }
}

/** Everything that a partition holds, told to its ledger. */
export async function checkWhole(client: SimClient, ledger: PartitionLedger): Promise<void> {
  const log = new Map<number, string>();
  const where = `${ledger.name}-${ledger.index}`;
  let [error, start] = await earliest(client, ledger);
  let at = start;
  for (let watermark = 0; error === 'NONE';) {
    const fetched = await fetchFrom(client, ledger, at, READ_BYTES_MAX, 0);
    ({ error, start, watermark } = fetched);
    if (error === 'OFFSET_OUT_OF_RANGE') {
      // Retention went on meanwhile.
      [error, at] = await earliest(client, ledger);
      continue;
    }
    for (const [offset, value] of fetched.records) log.set(offset, value);
    at = (fetched.records.at(-1)?.[0] ?? at - 1) + 1;
    if (error === 'NONE' && fetched.records.length === 0) return ledger.check(start, watermark, log);
  }
  ledger.faults.push(`${where}: cannot be read after a restart: ${error}`);
}
