import { type StreamCall, checkedTimeout } from './contract.js';
import { Emptiness } from './deadline.js';
import { TrunklineError } from './error.js';
import type { Inbox } from './inbox.js';
import type { StreamOptions } from './options.js';
import type { Sender } from './sender.js';
import { CREDIT_MAX } from './stream-frames.js';
import { StreamReader } from './stream-reader.js';

/** The streams that this process reads. */
export class Streams {
  readonly #open = new Set<{ fail(error: TrunklineError): void }>();
  readonly #empty = new Emptiness(() => this.#open.size === 0);

  constructor(
    readonly sender: Sender,
    readonly inbox: Inbox,
  ) {}

  get open(): number {
    return this.#open.size;
  }

  read<Req, Item, ReqIn, ItemIn>(
    call: StreamCall<Req, Item, ReqIn, ItemIn>,
    value: ReqIn,
    options: StreamOptions,
    connecting: Promise<void> | undefined,
  ): AsyncIterableIterator<Item> {
    const { limits } = this.sender.parts;
    const silenceMs = checkedTimeout(`requestStream ${call.name}`, options.timeoutMs ?? call.timeoutMs);
    const creditItems = options.creditItems ?? limits.streamCreditItems;
    if (!Number.isInteger(creditItems) || creditItems < 1 || creditItems > CREDIT_MAX) {
      throw new TrunklineError('MISUSE', `${call.name}: creditItems is ${creditItems}; give 1 to ${CREDIT_MAX}`);
    }
    const reader: StreamReader<Req, Item, ReqIn, ItemIn> = new StreamReader(
      this.sender,
      this.inbox,
      call,
      { value, options, silenceMs, creditItems, connecting },
      {
        opening: () => this.#opening(call.name, reader),
        closed: () => {
          this.#open.delete(reader);
          this.#empty.changed();
        },
      },
    );
    return reader;
  }

  /** Resolves when no stream is read. */
  idle(): Promise<void> {
    return this.#empty.wait();
  }

  /** Ends every stream that is read: the bus closes. */
  close(): void {
    for (const reader of this.#open)
      reader.fail(new TrunklineError('CLOSED', 'the bus was closed while a stream was read'));
  }

  #opening(call: string, reader: { fail(error: TrunklineError): void }): void {
    const { streamsOpenMax } = this.sender.parts.limits;
    if (this.#open.size >= streamsOpenMax) {
      throw new TrunklineError('OVERLOADED', `${call}: ${streamsOpenMax} streams are open (limits.streamsOpenMax)`);
    }
    this.#open.add(reader);
  }
}
