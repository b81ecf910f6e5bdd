import { utf8 } from '@trunkline/kernel';
import type { Delivery, OutgoingMessage } from './engine.js';
import { FRAME } from './frames.js';
import { HEADER, type ReplyAddress, headerNumber, parseReplyTo } from './headers.js';
import { headerText } from './message.js';

/** Items that a caller may allow to be under way. */
export const CREDIT_MAX = 1_024;

/** What a frame of a stream says, read from untrusted headers. */
export interface StreamFrame {
  readonly kind: 'item' | 'end' | 'error';
  readonly streamId: string;
  readonly sequence: number;
  /** Where the responder listens; in its first frame. */
  readonly responder: ReplyAddress | undefined;
  readonly delivery: Delivery;
}

/** A frame of a stream, undefined when it is none. */
export function streamFrame(delivery: Delivery): StreamFrame | undefined {
  const { headers } = delivery;
  const kind = headerText(headers, HEADER.frame);
  const streamId = headerText(headers, HEADER.streamId);
  const sequence = headerNumber(headers, HEADER.sequence);
  if (kind !== 'item' && kind !== 'end' && kind !== 'error') return undefined;
  if (streamId === undefined || streamId.length > 128 || sequence === undefined) return undefined;
  return { kind, streamId, sequence, responder: parseReplyTo(headers), delivery };
}

/** Allows the responder to have sent so many items since the stream began. Sent again it does no harm. */
export function creditFrame(to: ReplyAddress, streamId: string, credit: number): OutgoingMessage {
  const headers = new Map([
    [HEADER.correlationId as string, utf8(streamId)],
    [HEADER.frame as string, FRAME.credit],
    [HEADER.credit as string, utf8(String(credit))],
  ]);
  return { channel: to.channel, partition: to.partition, value: NOTHING, headers };
}

const NOTHING = new Uint8Array(0);
