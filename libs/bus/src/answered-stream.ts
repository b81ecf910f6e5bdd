import { type Timer, utf8 } from '@trunkline/kernel';
import type { StreamCall } from './contract.js';
import { decodePayload } from './decoding.js';
import type { Delivery, OutgoingMessage } from './engine.js';
import { TrunklineError } from './error.js';
import { FRAME, errorFrame } from './frames.js';
import { HEADER, headerNumber } from './headers.js';
import type { Inbox } from './inbox.js';
import { headerText } from './message.js';
import type { Handle } from './pipeline.js';
import { type Asked, answerHeaders } from './responder.js';
import type { Sender } from './sender.js';
import { CREDIT_MAX } from './stream-frames.js';

/** One stream that this process answers: items out as far as the caller's credit goes. */
export class AnsweredStream<Req, Item, ReqIn, ItemIn> {
  readonly #id: string;
  readonly #silenceMs: number;
  #credit: number;
  #sequence = 0;
  #creditCame: (() => void) | undefined;
  #firstSent: Promise<void> | undefined;
  #sendFailed: TrunklineError | undefined;

  constructor(
    readonly sender: Sender,
    readonly inbox: Inbox,
    readonly call: StreamCall<Req, Item, ReqIn, ItemIn>,
    readonly handle: Handle,
    readonly asked: Asked,
    readonly opened: () => void,
  ) {
    const { headers } = asked.message;
    this.#id = sender.parts.uniqueId();
    this.#credit = Math.min(headerNumber(headers, HEADER.credit) ?? 1, CREDIT_MAX);
    this.#silenceMs = Math.min(headerNumber(headers, HEADER.silenceMs) ?? call.timeoutMs, 86_400_000);
  }

  /**
   * Runs the handler to its end. Resolves when its last frame is with the engine, rejects when not even the first one got
   * there. A caller that went away ends it; what the handler does then is its own affair.
   */
  async run(): Promise<void> {
    const { message } = this.asked;
    this.inbox.receive(this.#id, (frame) => this.#receive(frame));
    const onAbort = (): void => this.#creditCame?.();
    message.signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#items();
      this.#send(FRAME.end, NOTHING, this.#headers());
    } catch (reason) {
      if (!this.#isForgotten()) this.#fail(this.#sendFailed ?? reason);
    } finally {
      message.signal.removeEventListener('abort', onAbort);
      this.inbox.forget(this.#id);
    }
    await this.#firstSent;
  }

  async #items(): Promise<void> {
    const { call, sender, asked } = this;
    const { message } = asked;
    const payload = await decodePayload(call.request, message.delivery, sender.parts.limits);
    const made = await this.#orAbort((async () => await this.handle(payload, message))());
    const items = iteratorOf<ItemIn>(call.name, made);
    let isDone = false;
    try {
      while (true) {
        await this.#awaitCredit();
        const next = await this.#orAbort(Promise.resolve(items.next()));
        isDone = next.done === true;
        if (next.done === true) return;
        const headers = this.#headers();
        this.#send(FRAME.item, sender.encode(call.item, call.name, next.value, headers), headers);
      }
    } finally {
      if (!isDone) Promise.resolve(items.return?.()).catch(() => {}); // The stream has its error already.
    }
  }

  /** Waits until the caller allows one more item. A caller that says nothing for too long is gone. */
  async #awaitCredit(): Promise<void> {
    while (this.#sequence >= this.#credit) {
      this.#check();
      let timer: Timer | undefined;
      const isSilent = await new Promise<boolean>((resolve) => {
        this.#creditCame = () => resolve(false);
        timer = this.sender.parts.clock.after(this.#silenceMs, () => resolve(true));
      });
      timer?.cancel();
      this.#creditCame = undefined;
      if (isSilent) {
        const detail = `${this.call.name}: the caller of a stream was silent for ${this.#silenceMs} ms`;
        this.asked.message.abort(new TrunklineError('TIMED_OUT', detail));
      }
    }
    this.#check();
  }

  #check(): void {
    const failed = this.#sendFailed ?? this.asked.message.aborted;
    if (failed !== undefined) throw failed;
  }

  /** The result, or the reason of an abort that comes first. */
  #orAbort<T>(result: Promise<T>): Promise<T> {
    const { message } = this.asked;
    const { signal } = message;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(message.aborted ?? new TrunklineError('ABORTED', this.call.name));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** Whether nobody reads an answer any more. */
  #isForgotten(): boolean {
    return this.asked.message.aborted?.code === 'ABORTED';
  }

  #fail(reason: unknown): void {
    this.#publish(errorFrame(this.asked.to, this.#headers(), reason));
  }

  #headers(): Map<string, Uint8Array> {
    const headers = answerHeaders(this.asked.message, this.asked.idBytes);
    headers.set(HEADER.streamId, utf8(this.#id));
    headers.set(HEADER.sequence, utf8(String(this.#sequence)));
    if (this.#sequence === 0) headers.set(HEADER.replyTo, this.inbox.address);
    return headers;
  }

  #send(frame: Uint8Array, value: Uint8Array, headers: Map<string, Uint8Array>): void {
    headers.set(HEADER.frame, frame);
    this.#publish({ channel: this.asked.to.channel, partition: this.asked.to.partition, value, headers });
  }

  /** Not awaited one by one: as many are under way as the credit allows. */
  #publish(frame: OutgoingMessage): void {
    this.#sequence += 1;
    const sent = this.sender.parts.outbox.send(frame);
    if (this.#firstSent === undefined) {
      this.#firstSent = sent;
      sent.then(this.opened, () => {});
    }
    sent.catch((reason: unknown) => {
      this.#sendFailed ??= TrunklineError.from(reason, 'ENGINE_UNAVAILABLE');
      this.asked.message.abort(this.#sendFailed);
    });
  }

  #receive({ headers }: Delivery): void {
    switch (headerText(headers, HEADER.frame)) {
      case 'credit':
        this.#credit = Math.max(
          this.#credit,
          Math.min(headerNumber(headers, HEADER.credit) ?? 0, this.#sequence + CREDIT_MAX),
        );
        this.#creditCame?.();
        break;
      case 'cancel':
        this.asked.message.abort(new TrunklineError('ABORTED', `${this.call.name}: the caller gave up`));
        break;
      default:
    }
  }
}

const NOTHING = new Uint8Array(0);

function iteratorOf<Item>(name: string, made: unknown): AsyncIterator<Item> | Iterator<Item> {
  if (typeof made === 'object' && made !== null) {
    const items = made as Partial<AsyncIterable<Item> & Iterable<Item>>;
    const iterator = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]?.();
    if (iterator !== undefined) return iterator;
  }
  throw new TrunklineError(
    'MISUSE',
    `${name}: a handler of a stream returns an iterable: write async *name() { yield … }`,
  );
}
