import { AnsweredStream } from './answered-stream.js';
import { channelsOf } from './channels.js';
import { groupName } from './consuming.js';
import type { StreamCall } from './contract.js';
import type { Control } from './control.js';
import type { Delivery } from './engine.js';
import type { Inbox } from './inbox.js';
import { Lane } from './lane.js';
import type { RespondOptions, StreamHandler } from './options.js';
import { type Handle, composed } from './pipeline.js';
import { type Asked, RESPONDERS, admit, watch } from './responder.js';
import type { Sender } from './sender.js';
import type { Slots } from './slots.js';

/** What the streams of one bus share. */
export interface StreamParts {
  readonly sender: Sender;
  readonly control: Control;
  readonly inbox: Inbox;
  /** Streams that this process answers. */
  readonly slots: Slots;
}

/**
 * The responder's side of calls with a stream. A request is acknowledged once the first frame is written: nobody else
 * could go on in the middle, so a stream whose responder dies is an error to its caller.
 */
export class StreamResponder<Req, Item, ReqIn, ItemIn> {
  readonly lane: Lane;
  readonly #handle: Handle;
  readonly #running = new Set<Promise<void>>();

  constructor(
    readonly parts: StreamParts,
    readonly call: StreamCall<Req, Item, ReqIn, ItemIn>,
    handler: StreamHandler<Req, ItemIn>,
    options: RespondOptions,
  ) {
    const { sender, inbox } = parts;
    const interceptors = [...sender.parts.interceptors, ...(options.interceptors ?? [])];
    this.#handle = composed({ kind: 'respondStream', channel: call.name }, interceptors, handler);
    this.lane = new Lane(
      sender.parts,
      {
        name: `respondStream ${call.name}`,
        channel: call.name,
        mode: { kind: 'group', group: groupName(call, RESPONDERS) },
        order: 'none',
        concurrency: options.concurrency ?? sender.parts.limits.concurrency,
        from: 'earliest',
        channels: channelsOf(call),
        control: [call.name],
        prepare: () => inbox.open(),
      },
      (delivery) => this.#deliver(delivery),
      () => this.#settle(),
    );
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { sender, control, slots } = this.parts;
    const asked = admit(sender, control, this.lane, this.call.name, delivery);
    if (asked === undefined) return;
    const watching = watch(sender, control, this.lane, asked);
    const free = await slots.take(asked.message.signal);
    if (free === undefined) {
      watching.end();
      this.lane.counters.expired += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const opened = (): void => {
        watching.ignoreDeadline();
        resolve();
      };
      const running = this.#run(asked, opened)
        .then(resolve, reject)
        .finally(() => {
          free();
          watching.end();
          this.#running.delete(running);
        });
      this.#running.add(running);
    });
  }

  async #run(asked: Asked, opened: () => void): Promise<void> {
    const { sender, inbox } = this.parts;
    const { message } = asked;
    await new AnsweredStream(sender, inbox, this.call, this.#handle, asked, opened).run();
    if (message.aborted === undefined) this.lane.counters.handled += 1;
    else this.lane.counters.expired += 1;
  }

  /** Ends when every open stream has; those that are aborted end at once. */
  async #settle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
