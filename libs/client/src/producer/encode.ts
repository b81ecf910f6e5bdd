import { EMPTY_BYTES, utf8 } from '@trunkline/kernel';
import { BATCH_HEADER_BYTES, recordBytesMax } from '@trunkline/records';
import { KafkaError } from '../error.js';
import type { ProducerHeader, ProducerRecord, Settled } from './producer-record.js';
import type { ProducerSettings } from './producer-options.js';
import type { EncodedRecord } from './topic-writers.js';

const NO_HEADERS: readonly ProducerHeader[] = [];
const PARTITION_MAX = 2 ** 31 - 1;

/** A record with its text as bytes. Throws KafkaError MISUSE, or MESSAGE_TOO_LARGE naming size and limit. */
export function encodeRecord(
  record: ProducerRecord,
  nowMs: number,
  settings: ProducerSettings,
  settled: Settled,
): EncodedRecord {
  const { topic, partition, timestampMs = nowMs, headers = NO_HEADERS } = record;
  if (typeof topic !== 'string' || topic === '') throw misuse('a record needs the name of its topic', String(topic));
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0 && partition <= PARTITION_MAX)) {
    throw misuse(`${String(partition)} is no partition`, topic);
  }
  if (!Number.isSafeInteger(timestampMs)) throw misuse(`${String(timestampMs)} is no timestamp in milliseconds`, topic);
  const key = bytesOf(record.key, topic);
  const value = bytesOf(record.value, topic);
  const bytesMax = recordBytesMax(key, value, headers);
  const sizeBytes = bytesMax + BATCH_HEADER_BYTES;
  const limitBytes = Math.min(settings.requestBytesMax, settings.bufferBytesMax);
  if (sizeBytes > limitBytes) {
    const name = limitBytes === settings.requestBytesMax ? 'requestBytesMax' : 'bufferBytesMax';
    const detail = `a record of ${sizeBytes} bytes with what it needs around it; ${name} is ${limitBytes}`;
    throw new KafkaError('MESSAGE_TOO_LARGE', detail, {
      about: `topic ${topic}`,
      advice: `raise ${name}, or send less`,
    });
  }
  return { topic, partition, key, value, headers, timestampMs, bytesMax, settled };
}

function bytesOf(field: Uint8Array | string | null | undefined, topic: string): Uint8Array | null {
  if (field === null || field === undefined) return null;
  if (typeof field === 'string') return field === '' ? EMPTY_BYTES : utf8(field);
  if (field instanceof Uint8Array) return field;
  throw misuse('key and value are bytes, text or null', topic);
}

function misuse(detail: string, topic: string): KafkaError {
  return new KafkaError('MISUSE', detail, { about: `topic ${topic}` });
}
