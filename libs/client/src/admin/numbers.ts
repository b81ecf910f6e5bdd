import { ZERO_UUID, type Uuid } from '@trunkline/kernel';
import { KafkaError } from '../error.js';

/** An int64 of an answer as a number. Throws PROTOCOL_VIOLATION beyond 2^53 - 1, which no honest broker counts to. */
export function whole(value: bigint, what: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new KafkaError('PROTOCOL_VIOLATION', `${what} ${value} is beyond 2^53 - 1`);
}

/** The same where negative means that there is none. */
export function wholeOrNone(value: bigint, what: string): number | undefined {
  return value < 0n ? undefined : whole(value, what);
}

/** An epoch, id or count where negative means that there is none. */
export function orNone(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

/** A topic id; undefined for the zero id, which older brokers send. */
export function idOrNone(id: Uuid): Uuid | undefined {
  return id === ZERO_UUID ? undefined : id;
}

/** The value of an item whose success says all. */
export function nothing(): void {}
