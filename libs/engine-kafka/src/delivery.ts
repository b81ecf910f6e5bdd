import type { Delivery, MessageHeaders } from '@trunkline/bus';
import type { FetchedRecord } from '@trunkline/client';

const NO_HEADERS: MessageHeaders = new Map();
const EMPTY = new Uint8Array(0);

/** A record as a delivery: views on the bytes that came, and the headers by name. */
export function deliveryOf(record: FetchedRecord): Delivery {
  const { topic: channel, partition, offset, timestampMs, key, value } = record;
  return { channel, partition, offset, timestampMs, key, value, headers: headersOf(record), attempt: 1 };
}

/** A name that comes twice: the last one counts. */
function headersOf({ headers }: FetchedRecord): MessageHeaders {
  if (headers.length === 0) return NO_HEADERS;
  const named = new Map<string, Uint8Array>();
  for (const { key, value } of headers) named.set(key, value ?? EMPTY);
  return named;
}
