import type { KafkaError } from '../error.js';
import { type AcknowledgementBatch, rangesOf } from './acknowledgements.js';
import type { AcknowledgeResult, SharePartition } from './share-record.js';

/** A node as an answer names it. */
export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** What others must hear. */
export type ShareEffect =
  | { readonly kind: 'result'; readonly result: AcknowledgeResult }
  | {
      readonly kind: 'leader';
      readonly topic: string;
      readonly partition: number;
      readonly leader: { readonly nodeId: number; readonly epoch: number };
      readonly node: NodeEndpoint | undefined;
    }
  | { readonly kind: 'doubt'; readonly topic: string; readonly partition: number };

/** Errors of which the next polls are told, at most; the first ones stay. */
const ERRORS_MAX = 16;

/** What the share sessions have to tell, until somebody takes it. */
export class ShareNews {
  #effects: ShareEffect[] = [];
  readonly #errors: KafkaError[] = [];

  /** What happened since the last call. */
  effects(): readonly ShareEffect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** The next error that a poll ends with. */
  takeError(): KafkaError | undefined {
    return this.#errors.shift();
  }

  get hasError(): boolean {
    return this.#errors.length > 0;
  }

  fault(error: KafkaError): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
  }

  /** Gaps are between broker and client; nobody asked about them. */
  result(
    { topic, partition }: SharePartition,
    batches: readonly AcknowledgementBatch[],
    error: KafkaError | undefined,
  ): void {
    const ranges = rangesOf(batches).filter(({ type }) => type !== 'gap');
    if (ranges.length > 0) this.#effects.push({ kind: 'result', result: { topic, partition, ranges, error } });
  }

  doubt({ topic, partition }: { readonly topic: string; readonly partition: number }): void {
    this.#effects.push({ kind: 'doubt', topic, partition });
  }

  /** What an answer said of a partition's leader; without a name it is only in doubt. */
  leader(
    partition: SharePartition,
    said: { readonly leaderId: number; readonly leaderEpoch: number },
    nodes: readonly NodeEndpoint[],
  ): void {
    if (said.leaderId < 0) return this.doubt(partition);
    this.#effects.push({
      kind: 'leader',
      topic: partition.topic,
      partition: partition.partition,
      leader: { nodeId: said.leaderId, epoch: said.leaderEpoch },
      node: nodes.find(({ nodeId }) => nodeId === said.leaderId),
    });
  }
}
