import { fromUtf8 } from '@trunkline/kernel';
import type { MessageHeaders } from './engine.js';

/** What a handler may know of its message beside the payload. */
export interface Message {
  readonly channel: string;
  readonly partition: number;
  readonly offset: number;
  /** The key as text, null when there is none. */
  readonly key: string | null;
  readonly keyBytes: Uint8Array | null;
  /** The header `ce_id`, else `tl-correlation-id`, else `channel/partition/offset`. Untrusted. */
  readonly id: string;
  /** 1 the first time. Counts what this process did: after a crash it begins anew on engines that do not keep it. */
  readonly attempt: number;
  /** Milliseconds since 1970, when the message was written. */
  readonly timestampMs: number;
  /** Headers are untrusted input: bounded in number and size, and only bytes. */
  readonly headers: MessageHeaders;
  /** A header as text, undefined when it is not there. */
  header(name: string): string | undefined;
  /** Aborted when the caller of a request gave up, its deadline passed, or the bus stops waiting while it drains. */
  readonly signal: AbortSignal;
  /** The bytes as they came. */
  readonly raw: Uint8Array | null;
}

/** A header's text, undefined when it is not there. */
export function headerText(headers: MessageHeaders, name: string): string | undefined {
  const found = headers.get(name);
  return found === undefined ? undefined : fromUtf8(found);
}
