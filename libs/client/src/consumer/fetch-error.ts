import { KafkaError, type KafkaErrorName, type KafkaErrorOptions } from '../error.js';

/** A partition and the place in it that an error is about. What is not known is undefined. */
export interface FetchPlace {
  readonly topic: string;
  readonly partition: number;
  /** The offset that could not be read. */
  readonly position: number;
  /** Where reading may go on if what cannot be read is given up. */
  readonly nextOffset?: number;
  /** The log's bounds when it was looked: first readable offset, and the one to be written next. */
  readonly logStartOffset?: number;
  readonly logEndOffset?: number;
  /** LOG_TRUNCATED: up to here the log still is what was read (KIP-320). */
  readonly divergentOffset?: number;
}

/** Why a partition cannot be read at its position: a KafkaError that names the place, so that one can act upon it. */
export class FetchError extends KafkaError {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
  readonly nextOffset: number | undefined;
  readonly logStartOffset: number | undefined;
  readonly logEndOffset: number | undefined;
  readonly divergentOffset: number | undefined;

  constructor(code: KafkaErrorName, place: FetchPlace, detail: string, options: Omit<KafkaErrorOptions, 'about'> = {}) {
    super(code, detail, { ...options, about: `topic ${place.topic}/${place.partition}` });
    this.name = 'FetchError';
    this.topic = place.topic;
    this.partition = place.partition;
    this.position = place.position;
    this.nextOffset = place.nextOffset;
    this.logStartOffset = place.logStartOffset;
    this.logEndOffset = place.logEndOffset;
    this.divergentOffset = place.divergentOffset;
  }
}
