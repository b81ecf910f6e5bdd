import { type Decoded, type OffsetForLeaderEpoch, errorCode } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import { FetchError } from './fetch-error.js';
import type { FetchEvent, MoveReason } from './fetch-event.js';
import type { FetchTools } from './fetch-tools.js';
import type { FetcherSettings } from './fetcher-options.js';
import type { FetchOrders } from './leader-fetches.js';
import type { Reading } from './reading.js';

/** Positions that one leader is to confirm. */
export interface Validation {
  readonly nodeId: number;
  readonly positions: readonly { readonly reading: Reading; readonly turn: number; readonly leaderEpoch: number }[];
}

/** A partition whose first and next offsets are wanted. */
export interface Look {
  readonly reading: Reading;
  readonly turn: number;
}

export interface LogBounds {
  readonly startOffset: number;
  /** Of what the reader may see. */
  readonly endOffset: number;
}

export type EpochEnd = Pick<
  Decoded<(typeof OffsetForLeaderEpoch)['response']>['topics'][number]['partitions'][number],
  'errorCode' | 'leaderEpoch' | 'endOffset'
>;

interface DeskWork {
  readonly validations: readonly Validation[];
  readonly looks: readonly Look[];
  readonly leaderless: readonly string[];
}

const TOPIC_AUTHORIZATION_FAILED = errorCode('TOPIC_AUTHORIZATION_FAILED');

/** Keeps positions true: validates them with new leaders (KIP-320), and finds a new one for those that are lost. */
export class PositionDesk {
  constructor(
    private readonly settings: FetcherSettings,
    private readonly tools: FetchTools,
    private readonly tell: (event: FetchEvent) => void,
  ) {}

  work(nowMs: number, topics: ReadonlyMap<string, ReadonlyMap<number, Reading>>, orders: FetchOrders): DeskWork {
    const validations = new Map<number, Validation['positions'][number][]>();
    const looks: Look[] = [];
    const leaderless: string[] = [];
    for (const [topic, readings] of topics) {
      let isLeaderless = false;
      for (const reading of readings.values()) {
        if (reading.state === 'stopped' || reading.isAsking) continue;
        if (reading.state === 'fetching' && reading.leader >= 0) continue;
        if (reading.notBeforeMs > nowMs) {
          orders.wakeAt(reading.notBeforeMs);
        } else if (reading.leader < 0) {
          isLeaderless = true;
          this.#leaderless(reading, nowMs);
          orders.wakeAt(reading.notBeforeMs);
        } else this.#ask(reading, validations, looks);
      }
      if (isLeaderless) leaderless.push(topic);
    }
    return {
      validations: [...validations].map(([nodeId, positions]) => ({ nodeId, positions })),
      looks,
      leaderless,
    };
  }

  /** A new leader, or an old one anew: is what was read still there? */
  newEpoch(reading: Reading): void {
    if (reading.state !== 'fetching' && reading.state !== 'validating') return;
    const { offsetEpoch, leaderEpoch } = reading;
    const isSure = offsetEpoch < 0 || leaderEpoch < 0 || offsetEpoch === leaderEpoch;
    reading.state = isSure ? 'fetching' : 'validating';
    if (isSure) return;
    reading.isAsking = false;
    reading.fetch = undefined;
    reading.turn += 1;
  }

  /** `end`: where the epoch of the position ended, as the leader says. */
  validated(position: Validation['positions'][number], end: EpochEnd | KafkaError, nowMs: number): void {
    const { reading, turn } = position;
    if (reading.turn !== turn || reading.state !== 'validating') return;
    reading.isAsking = false;
    if (end instanceof KafkaError) {
      // A broker that cannot be asked cannot contradict either.
      if (end.is('UNSUPPORTED_BROKER', 'UNSUPPORTED_VERSION')) reading.state = 'fetching';
      else this.#failed(reading, end, nowMs);
      return;
    }
    if (end.errorCode !== 0) {
      this.#failed(reading, KafkaError.ofCode(end.errorCode, nameOf(reading))!, nowMs);
      return;
    }
    const endOffset = Number(end.endOffset);
    const isKnown = endOffset >= 0 && end.leaderEpoch >= 0;
    if (isKnown && endOffset >= reading.offset) {
      reading.state = 'fetching';
    } else this.#truncated(reading, isKnown ? endOffset : undefined, end.leaderEpoch, nowMs);
  }

  /** The position is not in the log. */
  look(reading: Reading, nowMs: number): void {
    reading.state = 'looking';
    reading.isAsking = false;
    reading.failures += 1;
    // The first look is at once; a log whose bounds hold the position, and which says the contrary, is left alone awhile.
    reading.notBeforeMs = reading.failures === 1 ? 0 : nowMs + this.tools.pauseMs(reading.failures);
  }

  /** `bounds`: of the log, as its leader says. */
  found({ reading, turn }: Look, bounds: LogBounds | KafkaError, nowMs: number): void {
    if (reading.turn !== turn || reading.state !== 'looking') return;
    reading.isAsking = false;
    if (bounds instanceof KafkaError) {
      this.#failed(reading, bounds, nowMs);
      return;
    }
    const { startOffset, endOffset } = bounds;
    const { offset, target } = reading;
    if (target === 'earliest') this.#reset(reading, startOffset, 're-created');
    else if (offset >= startOffset && offset <= endOffset) reading.state = 'fetching';
    else if (this.settings.reset !== 'none') {
      this.#reset(reading, this.settings.reset === 'earliest' ? startOffset : endOffset, 'out-of-range');
    } else {
      const { topic, partition } = reading;
      const place = { topic, partition, position: offset, logStartOffset: startOffset, logEndOffset: endOffset };
      const detail = `offset ${offset} is not in the log, which begins at ${startOffset} and ends before ${endOffset}`;
      const advice = `seek to ${offset < startOffset ? startOffset : endOffset}, or choose a reset policy`;
      this.stop(reading, new FetchError('OFFSET_OUT_OF_RANGE', place, detail, { advice }));
    }
  }

  /** Another topic has the name now: nothing that was read says anything of it, and all that is in it is new. */
  madeAnew(reading: Reading): void {
    const { topic, partition, offset: position } = reading;
    reading.turn += 1;
    reading.offsetEpoch = -1;
    reading.preferred = -1;
    reading.fetch = undefined;
    reading.notBeforeMs = 0;
    reading.isAsking = false;
    if (reading.state === 'stopped') return;
    if (this.settings.reset === 'none') {
      const detail = `the topic was deleted and made anew, offset ${position} was in the old one`;
      const place = { topic, partition, position, nextOffset: 0 };
      this.stop(
        reading,
        new FetchError('UNKNOWN_TOPIC_ID', place, detail, { advice: 'seek to 0 to read the new one' }),
      );
      return;
    }
    reading.state = 'looking';
    reading.target = 'earliest';
  }

  move(reading: Reading, offset: number, offsetEpoch: number): void {
    reading.turn += 1;
    reading.offset = offset;
    reading.offsetEpoch = offsetEpoch;
    reading.fetch = undefined;
    reading.failures = 0;
    reading.notBeforeMs = 0;
    reading.trouble = undefined;
    reading.target = undefined;
    reading.isAsking = false;
    const isSure = offsetEpoch < 0 || reading.leaderEpoch < 0 || offsetEpoch === reading.leaderEpoch;
    reading.state = isSure ? 'fetching' : 'validating';
  }

  /** Left alone for a while, then tried again. */
  rest(reading: Reading, error: KafkaError, nowMs: number): void {
    reading.failures += 1;
    reading.trouble = error;
    reading.notBeforeMs = nowMs + this.tools.pauseMs(reading.failures);
  }

  stop(reading: Reading, error: KafkaError): void {
    reading.state = 'stopped';
    reading.trouble = error;
    reading.fetch = undefined;
    this.tell({ kind: 'failed', reading, turn: reading.turn, error });
  }

  #ask(reading: Reading, validations: Map<number, Validation['positions'][number][]>, looks: Look[]): void {
    reading.isAsking = true;
    const { turn, leader, leaderEpoch } = reading;
    if (reading.state === 'looking') {
      looks.push({ reading, turn });
      return;
    }
    const positions = validations.get(leader);
    const position = { reading, turn, leaderEpoch };
    if (positions === undefined) validations.set(leader, [position]);
    else positions.push(position);
  }

  #leaderless(reading: Reading, nowMs: number): void {
    const error = KafkaError.ofCode(errorCode('LEADER_NOT_AVAILABLE'), nameOf(reading), 'nobody is known to lead it')!;
    this.rest(reading, error, nowMs);
  }

  #failed(reading: Reading, error: KafkaError, nowMs: number): void {
    if (!error.retriable || error.number === TOPIC_AUTHORIZATION_FAILED) {
      this.stop(reading, error);
      return;
    }
    this.rest(reading, error, nowMs);
    this.tell({ kind: 'doubt', reading });
  }

  #truncated(reading: Reading, divergentOffset: number | undefined, epoch: number, nowMs: number): void {
    const { topic, partition, offset: position } = reading;
    if (this.settings.reset !== 'none') {
      if (divergentOffset === undefined) this.look(reading, nowMs);
      else this.#reset(reading, divergentOffset, 'truncated', epoch);
      return;
    }
    const cut = divergentOffset === undefined ? 'somewhere before' : `at ${divergentOffset}`;
    const place = { topic, partition, position, ...(divergentOffset !== undefined && { divergentOffset }) };
    const detail = `the log was cut ${cut}, below offset ${position}: what was read from there on was never safe`;
    const advice =
      divergentOffset === undefined ? 'seek elsewhere' : `seek to ${divergentOffset} to read what replaced it`;
    this.stop(reading, new FetchError('LOG_TRUNCATED', place, detail, { advice }));
  }

  #reset(reading: Reading, to: number, reason: MoveReason, epoch = -1): void {
    const { offset: from, failures } = reading;
    this.move(reading, to, epoch);
    reading.failures = failures; // Only a good answer ends them.
    this.tell({ kind: 'moved', reading, turn: reading.turn, from, to, reason });
  }
}

function nameOf({ topic, partition }: Reading): string {
  return `topic ${topic}/${partition}`;
}
