import { type Asked, type AskPeer, PeerGone, type Peers, PeerSilent, type Told } from '@trunkline/broker';
import { concatBytes, type NodeId, nodeId } from '@trunkline/kernel';
import {
  type AnyApi,
  decodeRequestBody,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '@trunkline/protocol';
import type { Life, SimWorld } from '../world.js';

/** Where the controller stands among the nodes. */
export const CONTROLLER = 0;

/** What a node does with a request: undefined when it is down. */
export type Answering = (api: AnyApi, version: number, body: unknown) => unknown;

/** A place on the network. */
export interface Place {
  readonly id: number;
  readonly life: Life;
  readonly answer: Answering | undefined;
}

const SIZE_BYTES = 4;
/** How long a message is on its way, in virtual microseconds: sometimes much longer. */
const DELAY_US = { least: 50, usual: 1500, slow: 60_000, slowPercent: 2 };
/** What goes to the controller is late more often: what it says by then may be of another time. */
const CONTROL_US = { least: 50, usual: 1500, slow: 400_000, slowPercent: 15 };

/** The links between places: messages are bytes that come late, and not at all over a link that is cut. */
export class SimLinks {
  readonly #cut = new Set<string>();
  /** The last question of each lane: of an asker's life, to a life of who is asked. */
  readonly #lanes = new WeakMap<Life, WeakMap<Life, Map<string, Promise<unknown>>>>();

  constructor(
    private readonly world: SimWorld,
    private readonly place: (id: number) => Place,
  ) {}

  /** From now on nothing of `from` reaches `to`. */
  cut(from: number, to: number): void {
    this.#cut.add(`${from} ${to}`);
  }

  healAll(): void {
    this.#cut.clear();
  }

  get isWhole(): boolean {
    return this.#cut.size === 0;
  }

  reaches(from: number, to: number): boolean {
    return !this.#cut.has(`${from} ${to}`);
  }

  /** One question and its answer. Questions of one lane are answered in their order. */
  async ask<A extends AnyApi>(from: number, to: NodeId, api: A, request: Asked<A>, options: AskPeer): Promise<Told<A>> {
    const asker = this.place(from);
    const lanes = this.#lanesOf(asker.life, this.place(to).life);
    const answer = this.#send(asker, to, api, request, lanes.get(options.lane));
    lanes.set(
      options.lane,
      answer.catch(() => {}),
    );
    const timers: { cancelled: boolean }[] = [];
    const late = new Promise<never>((_, reject) => {
      const gone = (): void => reject(new PeerGone(nodeId(from), 'is not waited for', false));
      options.signal?.addEventListener('abort', gone, { once: true });
      const event = this.world.schedule(options.timeoutMs * 1000, 'deadline', asker.life, () => {
        lanes.delete(options.lane); // The connection ends.
        reject(new PeerSilent(to, api.name, options.timeoutMs));
      });
      timers.push(event);
    });
    late.catch(() => {});
    try {
      return await Promise.race([answer, late]);
    } finally {
      for (const timer of timers) timer.cancelled = true;
      answer.catch(() => {});
    }
  }

  peersOf(id: number): Peers {
    return { ask: (to, api, request, options) => this.ask(id, to, api, request, options), onLost: () => {} };
  }

  #lanesOf(asker: Life, asked: Life): Map<string, Promise<unknown>> {
    const ofAsker = this.#lanes.get(asker) ?? new WeakMap<Life, Map<string, Promise<unknown>>>();
    this.#lanes.set(asker, ofAsker);
    const lanes = ofAsker.get(asked) ?? new Map<string, Promise<unknown>>();
    ofAsker.set(asked, lanes);
    return lanes;
  }

  async #send<A extends AnyApi>(
    asker: Place,
    to: NodeId,
    api: A,
    request: Asked<A>,
    before: Promise<unknown> | undefined,
  ): Promise<Told<A>> {
    const version = api.versions[1];
    const header = { correlationId: 1, clientId: null };
    const frame = concatBytes(encodeRequest(api, version, header, request)).subarray(SIZE_BYTES);
    await this.#travel(asker, asker.id, to, api.name);
    await before;
    const there = this.place(to);
    if (there.answer === undefined) throw new PeerGone(to, 'is down', true);
    const { body } = decodeRequestHeader(frame);
    const died = there.life.ended.then(() => Promise.reject(new PeerGone(to, 'went down', true)));
    died.catch(() => {});
    const answer = await Promise.race([there.answer(api, version, decodeRequestBody(api, version, body)), died]);
    const bytes = concatBytes(encodeResponse(api, version, 1, answer as never)).subarray(SIZE_BYTES);
    await this.#travel(asker, to, asker.id, `${api.name} answered`);
    return decodeResponse(api, version, bytes).body as Told<A>;
  }

  async #travel(asker: Place, from: number, to: number, what: string): Promise<void> {
    const { dice } = this.world;
    const { least, usual, slow, slowPercent } = to === CONTROLLER ? CONTROL_US : DELAY_US;
    const delayUs = least + dice.below(dice.chance(slowPercent) ? slow : usual);
    await this.world.pause(delayUs, `${what} ${from}>${to}`, asker.life);
    if (!this.reaches(from, to)) throw new PeerGone(nodeId(to), 'is not reached', false);
  }
}
