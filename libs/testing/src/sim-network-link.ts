import { type Link, type LinkEvents, concatBytes, invariant } from '@trunkline/kernel';
import type { SimMachine } from './sim-network.js';

/** How a link looks at the network that it runs over. */
export interface Wires {
  /** Calls `run` once a piece that leaves now has crossed. */
  cross(label: string, run: () => void): void;
  /** Whether nothing gets from one machine to the other now. */
  isBlocked(from: SimMachine, to: SimMachine): boolean;
  /** Calls `run` when something may have become passable. */
  whenPassable(run: () => void): void;
  /** How many of so many waiting bytes arrive together. */
  piece(bytes: number): number;
}

const NOBODY: LinkEvents = { data() {}, drained() {}, closed() {} };

/**
 * One end of a simulated connection. Its bytes arrive in order, in pieces of the network's choice, later; while its way is
 * blocked they wait, as TCP sends them again until they get through.
 */
export class SimEnd implements Link {
  #peer: SimEnd | undefined;
  #events: LinkEvents = NOBODY;
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #isCrossing = false;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;

  constructor(
    readonly remote: string,
    readonly machine: SimMachine,
    private readonly life: number,
    private readonly wires: Wires,
  ) {}

  join(peer: SimEnd): void {
    this.#peer = peer;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the process that holds this end still runs. */
  get isAlive(): boolean {
    return this.machine.life === this.life;
  }

  open(events: LinkEvents): void {
    invariant(this.#events === NOBODY, 'a link is opened once');
    this.#events = events;
    this.peer.cross();
  }

  get pendingBytes(): number {
    return this.#outgoingBytes;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#isClosed || this.#isEnding) return;
    for (const chunk of chunks) {
      this.#outgoing.push(chunk);
      this.#outgoingBytes += chunk.byteLength;
    }
    this.cross();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.peer.cross();
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.cross();
  }

  /** What waits here is lost; the other side hears of it when that can reach it. */
  destroy(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#drop();
    this.wires.cross('destroyed', () => this.close());
  }

  /** The connection breaks: both sides hear of it, each in its time. */
  cut(): void {
    this.#drop();
    this.#isEnding = true;
    this.wires.cross('cut', () => this.close(reset()));
  }

  /** This end hears that the connection is over. Nothing comes after it. */
  close(reason?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
    if (!this.peer.isClosed) this.peer.cross();
    if (!this.isAlive) return;
    if (reason === undefined) this.#events.closed();
    else this.#events.closed(reason);
  }

  /** Sends the next piece on its way, unless one is under way. */
  cross(): void {
    if (this.#isCrossing) return;
    this.#isCrossing = true;
    this.wires.cross('bytes', () => {
      this.#isCrossing = false;
      this.#arrive();
    });
  }

  get peer(): SimEnd {
    invariant(this.#peer !== undefined, 'a link has two ends');
    return this.#peer;
  }

  #arrive(): void {
    const { peer, wires } = this;
    if (peer.#isClosed) return this.#afterPeer();
    if (wires.isBlocked(this.machine, peer.machine)) return wires.whenPassable(() => this.cross());
    if (!peer.isAlive) return this.#atGrave();
    if (!this.isAlive) return this.#fromGrave();
    if (this.#outgoingBytes > 0 && !peer.#isPaused && peer.#events !== NOBODY && !peer.#isEnding) this.#deliver();
    if (this.#isEnding && this.#outgoingBytes === 0) {
      peer.close(this.#isClosed ? reset() : undefined);
      this.close();
    } else if (peer.#isEnding && this.#outgoingBytes > 0) this.#drop();
  }

  #deliver(): void {
    const count = this.wires.piece(this.#outgoingBytes);
    const all = this.#outgoing.length === 1 ? this.#outgoing[0]! : concatBytes(this.#outgoing);
    this.#outgoing = count === all.byteLength ? [] : [all.subarray(count)];
    this.#outgoingBytes -= count;
    this.peer.#events.data(all.slice(0, count));
    if (this.#outgoingBytes > 0) this.cross();
    else if (!this.#isClosed && this.isAlive) this.#events.drained();
  }

  /** The other end is over; this one hears of it, once it can. */
  #afterPeer(): void {
    if (this.#isClosed) return;
    if (this.wires.isBlocked(this.peer.machine, this.machine)) return this.wires.whenPassable(() => this.cross());
    this.close(reset());
  }

  /** Bytes for a process that is gone: a machine that runs refuses them, one without power says nothing. */
  #atGrave(): void {
    const { machine } = this.peer;
    if (!machine.isPowered) return this.wires.whenPassable(() => this.cross());
    // Nothing was sent, and nobody says goodbye for a machine that lost its power: half open.
    if (this.#outgoingBytes > 0 || this.#isEnding || this.peer.diedLoudly) this.close(reset());
  }

  /** The last words of a process that was killed: its system ends its connections. */
  #fromGrave(): void {
    if (this.diedLoudly) this.peer.close(reset());
  }

  /** Whether the system outlived the process, and so could end its connections. */
  get diedLoudly(): boolean {
    return this.machine.diedLoudly(this.life);
  }

  #drop(): void {
    this.#outgoing = [];
    this.#outgoingBytes = 0;
  }
}

function reset(): Error {
  return Object.assign(new Error('ECONNRESET the other side ended the link'), { code: 'ECONNRESET' });
}
