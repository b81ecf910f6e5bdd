import type { Address, Link, Listener, Network, Timer } from '@trunkline/kernel';
import { SimEnd, type Wires } from './sim-network-link.js';
import type { SimRandom } from './sim-random.js';

export interface SimNetworkOptions {
  readonly random: SimRandom;
  /** Calls `run` after so many virtual microseconds. Events of one moment may come in any order that the seed decides. */
  readonly after: (delayUs: number, label: string, run: () => void) => Timer;
  /** How long a piece of bytes takes, in virtual microseconds: usually below the one, sometimes up to the other. */
  readonly latencyUs?: { readonly usual: number; readonly slow: number; readonly slowPercent: number };
}

const LATENCY_US = { usual: 300, slow: 20_000, slowPercent: 2 };
const SPLIT_PERCENT = 20;

/** A machine of the network, and the process on it: one at a time. */
export class SimMachine {
  /** Of the process that runs, or ran last. */
  life = 0;
  isPowered = true;
  /** While true, a connection is refused as by a machine without a listener. */
  refuses = false;
  /** While true, its process takes and says nothing; its connections stay. */
  isPaused = false;
  readonly #loud = new Set<number>();

  constructor(readonly name: string) {}

  /** Whether a process of this machine ended while the system went on. */
  diedLoudly(life: number): boolean {
    return this.#loud.has(life);
  }

  end(isLoud: boolean): void {
    if (isLoud) this.#loud.add(this.life);
    this.life += 1;
    this.isPowered = isLoud;
  }
}

/**
 * Byte streams between machines in virtual time. Within a connection bytes keep their order, and arrive split and merged by
 * the dice; between connections there is no order. Ways can be blocked (silence: what was sent arrives when the way is
 * open again), connections cut, machines made to refuse, processes killed, machines cut off from power (their peers hear
 * nothing until they speak to the machine that has come back).
 */
export class SimNetwork {
  readonly #machines = new Map<string, SimMachine>();
  readonly #listeners = new Map<string, { readonly accept: (link: Link) => void; readonly machine: SimMachine }>();
  /** Which machine an address was last of. */
  readonly #homes = new Map<string, SimMachine>();
  readonly #blocked = new Set<string>();
  #ends: SimEnd[] = [];
  #waiting: (() => void)[] = [];
  #nextPort = 40_000;
  readonly #wires: Wires;

  constructor(private readonly options: SimNetworkOptions) {
    this.#wires = {
      cross: (label, run) => void options.after(this.#latencyUs(), label, run),
      isBlocked: (from, to) => this.#isBlocked(from, to),
      whenPassable: (run) => void this.#waiting.push(run),
      piece: (bytes) => (options.random.chance(SPLIT_PERCENT) ? 1 + options.random.below(bytes) : bytes),
    };
  }

  /** The network as the process sees that runs on a machine now. Useless after its end. */
  of(name: string): Network {
    const machine = this.machine(name);
    const { life } = machine;
    machine.isPowered = true;
    machine.isPaused = false;
    this.#reopen();
    return {
      listen: async (address, accept) => this.#listen(machine, life, address, accept),
      connect: (address, timeoutMs) => this.#connect(machine, life, address, timeoutMs),
    };
  }

  machine(name: string): SimMachine {
    const found = this.#machines.get(name) ?? new SimMachine(name);
    this.#machines.set(name, found);
    return found;
  }

  /** The process ends; its system ends its connections. */
  kill(name: string): void {
    this.#end(this.machine(name), true);
  }

  /** The machine goes dark: nobody is told. The next {@link of} is its return. */
  powerOff(name: string): void {
    this.#end(this.machine(name), false);
  }

  /** Nothing gets from one machine to the other until {@link heal}. Block both ways for a partition. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`);
  }

  heal(): void {
    this.#blocked.clear();
    for (const machine of this.#machines.values()) {
      machine.refuses = false;
      machine.isPaused = false;
    }
    this.#reopen();
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`);
    this.#reopen();
  }

  /** The process stands still (SIGSTOP) until {@link resume}: nothing gets to it or from it. */
  pause(name: string): void {
    this.machine(name).isPaused = true;
  }

  resume(name: string): void {
    this.machine(name).isPaused = false;
    this.#reopen();
  }

  /** Breaks the connections of a machine, each with so many chances in a hundred. */
  cut(name: string, percent: number): void {
    this.#ends = this.#ends.filter(({ isClosed }) => !isClosed);
    for (const end of this.#ends) {
      const isOf = end.machine.name === name && end.isAlive && end.peer.isAlive;
      if (isOf && this.options.random.chance(percent)) end.cut();
    }
  }

  #end(machine: SimMachine, isLoud: boolean): void {
    machine.end(isLoud);
    for (const [key, listener] of this.#listeners) if (listener.machine === machine) this.#listeners.delete(key);
    this.#ends = this.#ends.filter(({ isClosed }) => !isClosed);
    if (isLoud) for (const end of this.#ends) if (end.machine === machine) end.cross();
  }

  #listen(machine: SimMachine, life: number, address: Address, accept: (link: Link) => void): Listener {
    const bound = 'port' in address && address.port === 0 ? { ...address, port: this.#nextPort++ } : address;
    const key = keyOf(bound);
    if (machine.life !== life) throw systemError('ENETDOWN', key);
    if (this.#listeners.has(key)) throw systemError('EADDRINUSE', key);
    const listener = { accept, machine };
    this.#listeners.set(key, listener);
    this.#homes.set(key, machine);
    const close = async (): Promise<void> => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
    };
    return { address: bound, close };
  }

  #connect(machine: SimMachine, life: number, address: Address, timeoutMs: number): Promise<Link> {
    const key = keyOf(address);
    return new Promise((resolve, reject) => {
      let isOver = false;
      const settle = (run: () => void): void => {
        if (isOver || machine.life !== life) return;
        isOver = true;
        timer.cancel();
        run();
      };
      const late = (): void => settle(() => reject(systemError('ETIMEDOUT', key)));
      const timer = this.options.after(timeoutMs * 1000, 'connect timeout', late);
      const knock = (): void => {
        if (isOver || machine.life !== life) return;
        const listener = this.#listeners.get(key);
        const target = this.#homes.get(key);
        if (target !== undefined && (!target.isPowered || this.#isBlocked(machine, target))) {
          this.#waiting.push(() => this.#wires.cross('connect', knock));
          return;
        }
        if (listener === undefined || listener.machine.refuses) settle(() => reject(systemError('ECONNREFUSED', key)));
        else settle(() => resolve(this.#link(machine, listener, key)));
      };
      this.#wires.cross('connect', knock);
    });
  }

  #link(machine: SimMachine, listener: { accept: (link: Link) => void; machine: SimMachine }, key: string): Link {
    const name = `${machine.name}:${this.#nextPort++}`;
    const client = new SimEnd(key, machine, machine.life, this.#wires);
    const server = new SimEnd(name, listener.machine, listener.machine.life, this.#wires);
    client.join(server);
    server.join(client);
    this.#ends.push(client, server);
    listener.accept(server);
    return client;
  }

  #isBlocked(from: SimMachine, to: SimMachine): boolean {
    return from.isPaused || to.isPaused || this.#blocked.has(`${from.name}>${to.name}`);
  }

  /** Whatever waited tries again, each in its time. */
  #reopen(): void {
    for (const run of this.#waiting.splice(0)) run();
  }

  #latencyUs(): number {
    const { usual, slow, slowPercent } = this.options.latencyUs ?? LATENCY_US;
    const { random } = this.options;
    return random.below(random.chance(slowPercent) ? slow : usual);
  }
}

function keyOf(address: Address): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

function systemError(code: string, where: string): Error {
  return Object.assign(new Error(`${code} ${where}`), { code });
}
