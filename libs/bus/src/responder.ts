import { fromUtf8 } from '@trunkline/kernel';
import { channelsOf } from './channels.js';
import { isPromise } from './codec.js';
import type { Call } from './contract.js';
import { groupName } from './consuming.js';
import type { Control } from './control.js';
import { decodePayload } from './decoding.js';
import type { Delivery, OutgoingMessage } from './engine.js';
import { TrunklineError } from './error.js';
import { errorFrame } from './frames.js';
import { HEADER, type ReplyAddress, headerNumber, parseReplyTo, passTrace } from './headers.js';
import { Lane } from './lane.js';
import { DeliveredMessage } from './message.js';
import type { RespondHandler, RespondOptions } from './options.js';
import { type Handle, composed } from './pipeline.js';
import type { Sender } from './sender.js';

/** The group of all responders of a call, whatever service they are in. */
export const RESPONDERS = 'responders';

/** Requests that run at once in a lane that does not say; they wait for others more than they compute. */
export const REQUEST_CONCURRENCY = 64;

/** A request that can be answered. */
export interface Asked {
  readonly id: string;
  /** The same as it came, to be sent back. */
  readonly idBytes: Uint8Array;
  readonly to: ReplyAddress;
  readonly message: DeliveredMessage;
}

/** The responder's side of calls with one reply. The reply is written before the request is acknowledged. */
export class Responder<Req, Rep, ReqIn, RepIn> {
  readonly lane: Lane;
  readonly #handle: Handle;

  constructor(
    readonly sender: Sender,
    readonly control: Control,
    readonly call: Call<Req, Rep, ReqIn, RepIn>,
    handler: RespondHandler<Req, RepIn>,
    options: RespondOptions,
  ) {
    const { parts } = sender;
    const interceptors = [...parts.interceptors, ...(options.interceptors ?? [])];
    this.#handle = composed({ kind: 'respond', channel: call.name }, interceptors, handler);
    const group = groupName(call, RESPONDERS);
    this.lane = new Lane(
      parts,
      {
        name: `respond ${call.name}`,
        channel: call.name,
        mode: { kind: 'group', group },
        order: 'none',
        concurrency: options.concurrency ?? REQUEST_CONCURRENCY,
        from: 'earliest',
        channels: channelsOf(call),
        control: [call.name],
      },
      (delivery) => this.#deliver(delivery),
    );
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const asked = admit(this.sender, this.control, this.lane, this.call.name, delivery);
    if (asked === undefined) return;
    const { message, id } = asked;
    const watching = watch(this.sender, this.control, this.lane, asked);
    let reply: OutgoingMessage;
    try {
      reply = await this.#reply(asked);
    } finally {
      watching.end();
    }
    if (message.aborted?.code === 'CLOSED') throw message.aborted; // Not answered: another responder gets it.
    if (message.aborted !== undefined) {
      this.lane.counters.expired += 1;
      return this.sender.parts.logger.debug(`${this.lane.name}: not answered, the caller gave up`, { id });
    }
    await answer(this.sender, this.lane, delivery, reply);
    this.lane.counters.handled += 1;
  }

  /** The answer, or the error that there is none. Never rejects. */
  async #reply({ idBytes, to, message }: Asked): Promise<OutgoingMessage> {
    const { call, sender } = this;
    const headers = answerHeaders(message, idBytes);
    try {
      const decoded = decodePayload(call.request, message.delivery, sender.parts.limits);
      const payload = isPromise(decoded) ? await decoded : decoded;
      const running = this.#handle(payload, message);
      const answer = isPromise(running) ? await running : running;
      const value = sender.encode(call.reply, call.name, answer as RepIn, headers);
      return { channel: to.channel, partition: to.partition, value, headers };
    } catch (reason) {
      return errorFrame(to, headers, reason);
    }
  }
}

/** Reads who asks; undefined when the request is not to be run: nobody waits for it, or nobody can be answered. */
export function admit(
  { parts }: Sender,
  control: Control,
  lane: Lane,
  call: string,
  delivery: Delivery,
): Asked | undefined {
  const idBytes = delivery.headers.get(HEADER.correlationId);
  const to = parseReplyTo(delivery.headers);
  if (idBytes === undefined || idBytes.byteLength > ID_BYTES_MAX || to === undefined) {
    lane.counters.expired += 1;
    parts.logger.warn(`${lane.name}: dropped a request that names no inbox`, { call, offset: delivery.offset });
    return undefined;
  }
  const id = fromUtf8(idBytes);
  const deadlineMs = headerNumber(delivery.headers, HEADER.deadline);
  const isExpired = deadlineMs !== undefined && deadlineMs <= parts.clock.nowMs();
  if (isExpired || control.wasCancelled(id)) {
    lane.counters.expired += 1;
    return undefined;
  }
  return { id, idBytes, to, message: new DeliveredMessage(delivery) };
}

const ID_BYTES_MAX = 128;

/** Ends what {@link watch} began. */
export interface Watching {
  /** The deadline no longer counts: the first frame of a stream is out. */
  ignoreDeadline(): void;
  end(): void;
}

/** Lets the caller's cancel, its deadline and the lane's end abort the handler. */
export function watch({ parts }: Sender, control: Control, lane: Lane, { id, message }: Asked): Watching {
  const deadlineMs = headerNumber(message.headers, HEADER.deadline);
  const leftMs = deadlineMs === undefined ? undefined : Math.min(deadlineMs - parts.clock.nowMs(), DEADLINE_MS_MAX);
  const timer =
    leftMs === undefined
      ? undefined
      : parts.clock.after(leftMs, () => {
          message.abort(new TrunklineError('TIMED_OUT', `${lane.name}: the caller's deadline passed`));
        });
  control.watch(id, () => message.abort(new TrunklineError('ABORTED', `${lane.name}: the caller gave up`)));
  lane.entered(message);
  return {
    ignoreDeadline: () => timer?.cancel(),
    end: () => {
      timer?.cancel();
      control.forget(id);
      lane.left(message);
    },
  };
}

/**
 * Writes a reply. Rejects when the request should be delivered again: the engine may take the reply later. What the
 * engine refuses for good, or does not take in five attempts, is given up: its caller times out.
 */
export async function answer({ parts }: Sender, lane: Lane, request: Delivery, reply: OutgoingMessage): Promise<void> {
  try {
    await parts.outbox.send(reply);
  } catch (reason) {
    const error = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    if (error.retriable && request.attempt < ANSWER_ATTEMPTS_MAX) throw error;
    parts.logger.error(`${lane.name}: a reply cannot be written`, { to: reply.channel, error: error.message });
  }
}

const ANSWER_ATTEMPTS_MAX = 5;

/** What a foreign deadline may ask a timer for: one day. */
const DEADLINE_MS_MAX = 86_400_000;

/** What every frame to a caller carries. */
export function answerHeaders(message: DeliveredMessage, id: Uint8Array): Map<string, Uint8Array> {
  const headers = new Map<string, Uint8Array>();
  headers.set(HEADER.correlationId, id);
  passTrace(message.headers, headers);
  return headers;
}
