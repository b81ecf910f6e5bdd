import { type Timer, utf8 } from '@trunkline/kernel';
import { controlChannel } from './channels.js';
import { type Call, checkedTimeout } from './contract.js';
import { Emptiness } from './deadline.js';
import { decodePayload } from './decoding.js';
import type { Delivery } from './engine.js';
import { TrunklineError } from './error.js';
import { cancelFrame, remoteError } from './frames.js';
import { HEADER } from './headers.js';
import type { Inbox } from './inbox.js';
import { headerText } from './message.js';
import type { RequestOptions } from './options.js';
import { type Sender, keyBytes } from './sender.js';

/** A request without an answer. */
interface Pending {
  readonly id: string;
  readonly call: string;
  readonly answer: (frame: Delivery) => void;
  readonly fail: (error: Error) => void;
  timer: Timer | undefined;
  /** Whether it was handed to the engine: a responder may know of it. */
  sent: boolean;
}

/** The caller's side of calls with one reply. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #empty = new Emptiness(() => this.#pending.size === 0);

  constructor(
    readonly sender: Sender,
    readonly inbox: Inbox,
  ) {}

  get pending(): number {
    return this.#pending.size;
  }

  async request<Req, Rep, ReqIn, RepIn>(
    call: Call<Req, Rep, ReqIn, RepIn>,
    value: ReqIn,
    options: RequestOptions,
  ): Promise<Rep> {
    const timeoutMs = checkedTimeout(`request ${call.name}`, options.timeoutMs ?? call.timeoutMs);
    const result = await this.sender.intercepted('request', call, value, options, async ({ payload, headers }) => {
      const bytes = this.sender.encode(call.request, call.name, payload as ReqIn, headers);
      const frame = await this.#exchange(call, bytes, headers, timeoutMs, options);
      if (headerText(frame.headers, HEADER.frame) === 'error') throw remoteError(call.name, frame);
      return await decodePayload(call.reply, frame, this.sender.parts.limits);
    });
    return result as Rep;
  }

  /** Resolves when no request waits for its answer. */
  idle(): Promise<void> {
    return this.#empty.wait();
  }

  /** Ends every request that waits: the bus closes. */
  close(): void {
    for (const { call, fail } of this.#pending.values()) {
      fail(new TrunklineError('CLOSED', `${call}: the bus was closed before the answer came`));
    }
  }

  #exchange(
    call: Call<unknown, unknown, never, never>,
    value: Uint8Array,
    headers: Map<string, Uint8Array>,
    timeoutMs: number,
    options: RequestOptions,
  ): Promise<Delivery> {
    const { parts } = this.sender;
    const { requestsPendingMax } = parts.limits;
    if (this.#pending.size >= requestsPendingMax) {
      const detail = `${call.name}: ${requestsPendingMax} requests wait for an answer (limits.requestsPendingMax)`;
      return Promise.reject(new TrunklineError('OVERLOADED', detail));
    }
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(aborted(call.name, signal));
    return new Promise<Delivery>((resolve, reject) => {
      const id = parts.uniqueId();
      const onAbort = (): void => this.#giveUp(pending, aborted(call.name, signal));
      const settle = (): void => {
        this.#pending.delete(id);
        this.inbox.forget(id);
        pending.timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#empty.changed();
      };
      const pending: Pending = {
        id,
        call: call.name,
        answer: (frame) => (settle(), resolve(frame)),
        fail: (error) => (settle(), reject(error)),
        timer: undefined,
        sent: false,
      };
      this.#pending.set(id, pending);
      this.inbox.receive(id, pending.answer);
      signal?.addEventListener('abort', onAbort, { once: true });
      pending.timer = parts.clock.after(timeoutMs, () => {
        const detail = `${call.name}: no answer within ${timeoutMs} ms; is a responder running?`;
        this.#giveUp(pending, new TrunklineError('TIMED_OUT', detail));
      });
      headers.set(HEADER.correlationId, utf8(id));
      headers.set(HEADER.replyTo, this.inbox.address);
      headers.set(HEADER.deadline, utf8(String(Math.ceil(parts.clock.nowMs() + timeoutMs))));
      this.#send(call, value, headers, options, pending).catch((reason: unknown) => {
        pending.fail(TrunklineError.from(reason, 'ENGINE_UNAVAILABLE'));
      });
    });
  }

  async #send(
    call: Call<unknown, unknown, never, never>,
    value: Uint8Array,
    headers: Map<string, Uint8Array>,
    options: RequestOptions,
    pending: Pending,
  ): Promise<void> {
    const opening = this.inbox.open();
    if (opening !== undefined) await opening;
    const making = this.sender.parts.channels.ready(call);
    if (making !== undefined) await making;
    if (!this.#pending.has(pending.id)) return;
    pending.sent = true;
    const key = keyBytes(options.key);
    await this.sender.parts.outbox.send({ channel: call.name, ...(key !== undefined && { key }), value, headers });
  }

  /** Tells the responders too; whether that arrives is not waited for. */
  #giveUp(pending: Pending, error: TrunklineError): void {
    pending.fail(error);
    if (!pending.sent) return;
    const frame = cancelFrame({ channel: controlChannel(pending.call) }, pending.id);
    this.sender.parts.outbox.send(frame).catch((reason: unknown) => {
      const said = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE').message;
      this.sender.parts.logger.debug(`${pending.call}: a responder could not be told that its caller gave up`, {
        error: said,
      });
    });
  }
}

/** The error of a caller who gave up. */
export function aborted(name: string, signal: AbortSignal | undefined): TrunklineError {
  return new TrunklineError('ABORTED', `${name}: the caller gave up`, { cause: signal?.reason });
}
