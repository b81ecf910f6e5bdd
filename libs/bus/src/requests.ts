import { utf8 } from '@trunkline/kernel';
import { controlChannel } from './channels.js';
import { type Call, checkedTimeout } from './contract.js';
import { Emptiness } from './deadline.js';
import { decodePayload } from './decoding.js';
import type { Delivery, OutgoingMessage } from './engine.js';
import { TrunklineError } from './error.js';
import { cancelFrame, remoteError } from './frames.js';
import { HEADER } from './headers.js';
import type { Inbox } from './inbox.js';
import { headerText } from './message.js';
import type { RequestOptions } from './options.js';
import { PendingRequest, type RequestHost, aborted } from './pending-request.js';
import { type Sender, keyBytes } from './sender.js';

/** The caller's side of calls with one reply. */
export class Requests {
  readonly #pending = new Map<string, PendingRequest>();
  readonly #empty = new Emptiness(() => this.#pending.size === 0);
  readonly #host: RequestHost = {
    settled: (id) => {
      this.#pending.delete(id);
      this.inbox.forget(id);
      this.#empty.changed();
    },
    gaveUp: (pending, error) => this.#giveUp(pending, error),
  };

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
      return decodePayload(call.reply, frame, this.sender.parts.limits);
    });
    return result as Rep;
  }

  /** Resolves when no request waits for its answer. */
  idle(): Promise<void> {
    return this.#empty.wait();
  }

  /** Ends every request that waits: the bus closes. */
  close(): void {
    for (const pending of this.#pending.values()) {
      pending.fail(new TrunklineError('CLOSED', `${pending.call}: the bus was closed before the answer came`));
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
      const pending = new PendingRequest(parts.uniqueId(), call.name, signal, this.#host, resolve, reject);
      this.#pending.set(pending.id, pending);
      this.inbox.receive(pending.id, pending.answer);
      pending.await(parts.clock, timeoutMs);
      headers.set(HEADER.correlationId, utf8(pending.id));
      headers.set(HEADER.replyTo, this.inbox.address);
      headers.set(HEADER.deadline, utf8(String(Math.ceil(parts.clock.nowMs() + timeoutMs))));
      const key = keyBytes(options.key);
      const { name: channel } = call;
      const message = key === undefined ? { channel, value, headers } : { channel, key, value, headers };
      const opening = this.inbox.open();
      const making = parts.channels.ready(call);
      if (opening === undefined && making === undefined) this.#send(pending, message);
      else void this.#sendLater(pending, message, opening, making);
    });
  }

  /** When the inbox is not open yet, or the channel not made. */
  async #sendLater(
    pending: PendingRequest,
    message: OutgoingMessage,
    opening: Promise<void> | undefined,
    making: Promise<void> | undefined,
  ): Promise<void> {
    try {
      await Promise.all([opening ?? DONE, making ?? DONE]);
      this.#send(pending, message);
    } catch (reason) {
      pending.fail(TrunklineError.from(reason, 'ENGINE_UNAVAILABLE'));
    }
  }

  #send(pending: PendingRequest, message: OutgoingMessage): void {
    if (!this.#pending.has(pending.id)) return;
    pending.wasSent = true;
    this.sender.parts.outbox.post(message, pending.sent);
  }

  /** Tells the responders too; whether that arrives is not waited for. */
  #giveUp(pending: PendingRequest, error: TrunklineError): void {
    pending.fail(error);
    if (!pending.wasSent) return;
    const frame = cancelFrame({ channel: controlChannel(pending.call) }, pending.id);
    this.sender.parts.outbox.send(frame).catch((reason: unknown) => {
      const said = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE').message;
      this.sender.parts.logger.debug(`${pending.call}: a responder could not be told that its caller gave up`, {
        error: said,
      });
    });
  }
}

const DONE = Promise.resolve();
