import { type Timer, utf8 } from '@trunkline/kernel';
import { controlChannel } from './channels.js';
import type { StreamCall } from './contract.js';
import { decodePayload } from './decoding.js';
import type { Delivery, OutgoingMessage } from './engine.js';
import { TrunklineError } from './error.js';
import { cancelFrame, remoteError } from './frames.js';
import { HEADER, type ReplyAddress } from './headers.js';
import type { Inbox } from './inbox.js';
import type { StreamOptions } from './options.js';
import { aborted } from './pending-request.js';
import { type Sender, keyBytes } from './sender.js';
import { type StreamFrame, creditFrame, streamFrame } from './stream-frames.js';

/** How a reader was asked to read. */
export interface ReaderSpec<ReqIn> {
  readonly value: ReqIn;
  readonly options: StreamOptions;
  readonly silenceMs: number;
  readonly creditItems: number;
  /** Set while the bus is still connecting. */
  readonly connecting: Promise<void> | undefined;
}

/** What a reader tells the one who made it. */
export interface ReaderEvents {
  /** It is about to ask. Throws when too many streams are open. */
  opening(): void;
  closed(): void;
}

/**
 * The caller's side of one stream. Nothing is sent before the first `next`; leaving a `for await` early stops the
 * responder. At most `creditItems` frames are held here.
 */
export class StreamReader<Req, Item, ReqIn, ItemIn> implements AsyncIterableIterator<Item> {
  readonly #id: string;
  #state: 'new' | 'open' | 'ended' = 'new';
  #frames: Delivery[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #streamId: string | undefined;
  #responder: ReplyAddress | undefined;
  #expected = 0;
  #consumed = 0;
  #granted: number;
  #keepAlive: Timer | undefined;
  #sent = false;

  constructor(
    readonly sender: Sender,
    readonly inbox: Inbox,
    readonly call: StreamCall<Req, Item, ReqIn, ItemIn>,
    readonly spec: ReaderSpec<ReqIn>,
    readonly events: ReaderEvents,
  ) {
    this.#id = sender.parts.uniqueId();
    this.#granted = spec.creditItems;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Item>> {
    const result = this.#tail.then(() => this.#next());
    this.#tail = result.catch(() => {});
    return result;
  }

  return(): Promise<IteratorResult<Item>> {
    this.#stop(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it from outside: what waits is dropped, `next` rejects with the error. */
  fail(error: TrunklineError): void {
    this.#frames = [];
    this.#stop(error);
  }

  async #next(): Promise<IteratorResult<Item>> {
    if (this.#state === 'new') await this.#open();
    while (true) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return { done: false, value: await this.#take(frame) };
      if (this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#state === 'ended') return { done: true, value: undefined };
      await this.#wait();
    }
  }

  async #open(): Promise<void> {
    const { call, spec, sender } = this;
    const { signal } = spec.options;
    if (signal?.aborted === true) {
      this.#state = 'ended';
      throw aborted(call.name, signal);
    }
    this.events.opening();
    this.#state = 'open';
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.inbox.receive(this.#id, (frame) => this.#receive(frame));
    try {
      await sender.intercepted('requestStream', call, spec.value, spec.options, ({ payload, headers }) => {
        const value = sender.encode(call.request, call.name, payload as ReqIn, headers);
        return this.#ask(value, headers);
      });
    } catch (reason) {
      this.#stop(undefined);
      throw TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
    }
  }

  async #ask(value: Uint8Array, headers: Map<string, Uint8Array>): Promise<void> {
    const { call, spec, sender, inbox } = this;
    const { channels, outbox, clock } = sender.parts;
    await spec.connecting;
    await inbox.open();
    await channels.ready(call);
    if (this.#state !== 'open') return;
    headers.set(HEADER.correlationId, utf8(this.#id));
    headers.set(HEADER.replyTo, inbox.address);
    headers.set(HEADER.deadline, utf8(String(Math.ceil(clock.nowMs() + spec.silenceMs))));
    headers.set(HEADER.silenceMs, utf8(String(Math.ceil(spec.silenceMs))));
    headers.set(HEADER.credit, utf8(String(spec.creditItems)));
    this.#sent = true;
    const key = keyBytes(spec.options.key);
    await outbox.send({ channel: call.name, ...(key !== undefined && { key }), value, headers });
  }

  readonly #onAbort = (): void => this.fail(aborted(this.call.name, this.spec.options.signal));

  /** Waits for a frame. Silence counts only while the caller waits. */
  async #wait(): Promise<void> {
    const { silenceMs } = this.spec;
    const timer = this.sender.parts.clock.after(silenceMs, () => {
      const what = this.#streamId === undefined ? 'no answer' : 'nothing more';
      const detail = `${this.call.name}: ${what} within ${silenceMs} ms; is a responder running?`;
      this.fail(new TrunklineError('TIMED_OUT', detail));
    });
    await new Promise<void>((resolve) => (this.#wake = resolve));
    timer.cancel();
  }

  async #take(frame: Delivery): Promise<Item> {
    this.#consumed += 1;
    const { creditItems } = this.spec;
    if (this.#state === 'open' && this.#consumed + creditItems - this.#granted >= Math.max(1, creditItems / 2)) {
      this.#granted = this.#consumed + creditItems;
      this.#grant();
    }
    try {
      return await decodePayload(this.call.item, frame, this.sender.parts.limits);
    } catch (reason) {
      this.#frames = [];
      this.#stop(undefined);
      throw reason;
    }
  }

  #receive(delivery: Delivery): void {
    const frame = streamFrame(delivery);
    if (frame === undefined || this.#state !== 'open') return;
    if (this.#streamId === undefined) this.#bind(frame);
    if (frame.streamId !== this.#streamId) return this.#refuse(frame);
    if (frame.sequence < this.#expected) return; // Delivered twice.
    if (frame.sequence > this.#expected) return this.#break(`frame ${this.#expected} is missing`);
    this.#expected += 1;
    if (frame.kind === 'item') {
      if (frame.sequence >= this.#granted) return this.#break('the responder sent more than it was allowed to');
      this.#frames.push(delivery);
      this.#wake?.();
    } else {
      this.#end(frame.kind === 'error' ? remoteError(this.call.name, delivery) : undefined);
    }
  }

  /** The first responder that is heard is the one; its first frame says where it listens. */
  #bind(frame: StreamFrame): void {
    this.#streamId = frame.streamId;
    this.#responder = frame.responder;
    this.#alive();
  }

  /** A second responder got the request as well. */
  #refuse({ streamId, responder }: StreamFrame): void {
    if (responder !== undefined) this.#tell(cancelFrame(responder, streamId));
  }

  #break(what: string): void {
    this.fail(new TrunklineError('STREAM_BROKEN', `${this.call.name}: ${what}; ask again`));
  }

  /** Says now and then that this caller still reads, however slowly. */
  #alive(): void {
    this.#keepAlive = this.sender.parts.clock.after(this.spec.silenceMs / 3, () => {
      this.#grant();
      this.#alive();
    });
  }

  #grant(): void {
    if (this.#responder !== undefined && this.#streamId !== undefined) {
      this.#tell(creditFrame(this.#responder, this.#streamId, this.#granted));
    }
  }

  /** The caller stops: the responder hears of it. */
  #stop(failure: Error | undefined): void {
    const wasOpen = this.#state === 'open';
    this.#end(failure);
    if (!wasOpen || !this.#sent) return;
    if (this.#responder !== undefined && this.#streamId !== undefined)
      this.#tell(cancelFrame(this.#responder, this.#streamId));
    else this.#tell(cancelFrame({ channel: controlChannel(this.call.name) }, this.#id));
  }

  #end(failure: Error | undefined): void {
    const wasOpen = this.#state === 'open';
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#failure = failure;
    this.#keepAlive?.cancel();
    this.inbox.forget(this.#id);
    this.spec.options.signal?.removeEventListener('abort', this.#onAbort);
    if (wasOpen) this.events.closed();
    this.#wake?.();
  }

  #tell(frame: OutgoingMessage): void {
    this.sender.parts.outbox.send(frame).catch((reason: unknown) => {
      const error = TrunklineError.from(reason, 'ENGINE_UNAVAILABLE').message;
      this.sender.parts.logger.debug(`${this.call.name}: a responder could not be told of its caller`, { error });
    });
  }
}
