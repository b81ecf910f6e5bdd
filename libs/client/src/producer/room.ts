import { KafkaError } from '../error.js';
import type { ProducerSettings } from './producer-options.js';
import { type EncodedRecord, owned } from './topic-writers.js';

interface Blocked {
  readonly record: EncodedRecord;
  readonly deadlineMs: number;
  passed: (() => void)[] | undefined;
}

/** The bound of the buffer: records that find no room wait in line, for a limited time and in a limited number. */
export class Room {
  #line: Blocked[] = [];
  #head = 0;

  constructor(
    private readonly settings: ProducerSettings,
    private readonly bufferedBytes: () => number,
    private readonly enter: (record: EncodedRecord) => void,
  ) {}

  /** When the first in line has waited long enough. */
  get wakeAtMs(): number {
    return this.#line[this.#head]?.deadlineMs ?? Infinity;
  }

  get isAwaited(): boolean {
    return this.#line.length > this.#head;
  }

  take(nowMs: number, record: EncodedRecord): void {
    const { blockedRecordsMax, bufferBytesMax, maxBlockMs } = this.settings;
    const waiting = this.#line.length - this.#head;
    if (waiting === 0 && this.bufferedBytes() + record.bytesMax <= bufferBytesMax) return this.enter(record);
    if (maxBlockMs === 0) return this.#refuse(record, 'and maxBlockMs is 0');
    if (waiting >= blockedRecordsMax) return this.#refuse(record, `and ${waiting} records wait for room`);
    this.#line.push({ record: owned(record), deadlineMs: nowMs + maxBlockMs, passed: undefined });
  }

  /** Lets in what finds room now, and refuses what waited too long. */
  admit(nowMs: number): void {
    const { bufferBytesMax, maxBlockMs } = this.settings;
    for (let first = this.#line[this.#head]; first !== undefined; first = this.#line[this.#head]) {
      const { record, deadlineMs } = first;
      const fits = this.bufferedBytes() + record.bytesMax <= bufferBytesMax;
      if (!fits && deadlineMs > nowMs) break;
      this.#next();
      if (fits) this.enter(record);
      else this.#refuse(record, `and no room was made within ${maxBlockMs} ms`);
      for (const passed of first.passed ?? []) passed();
    }
  }

  /** Calls back when those who are in line now are let in, or refused. */
  whenPassed(passed: () => void): void {
    const last = this.#line.at(-1);
    if (last === undefined) passed();
    else (last.passed ??= []).push(passed);
  }

  refuseAll(error: KafkaError): void {
    for (let first = this.#line[this.#head]; first !== undefined; first = this.#line[this.#head]) {
      const { record, passed } = first;
      this.#next();
      record.settled(error, record.partition ?? -1, -1, record.timestampMs);
      for (const each of passed ?? []) each();
    }
  }

  #next(): void {
    this.#head += 1;
    if (this.#head < this.#line.length) {
      if (this.#head < 1_000) return;
      this.#line = this.#line.slice(this.#head);
    } else this.#line = [];
    this.#head = 0;
  }

  #refuse(record: EncodedRecord, why: string): void {
    const { bufferBytesMax } = this.settings;
    const detail = `the buffer is full: ${this.bufferedBytes()} of ${bufferBytesMax} bytes are not settled, ${why}`;
    const advice = 'send more slowly, or raise bufferBytesMax';
    const error = new KafkaError('OVERLOADED', detail, { about: `topic ${record.topic}`, advice });
    record.settled(error, record.partition ?? -1, -1, record.timestampMs);
  }
}
