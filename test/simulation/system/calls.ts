import { Reject, RemoteError, TrunklineError, call, text } from '@trunkline/bus';
import { BusProcess, LATE_MS } from './bus-process.js';
import type { SimHost } from './host.js';
import type { SystemMutant } from './mutants.js';

/** What a request may end with, when nobody did anything wrong. */
const PASSING: readonly string[] = ['TIMED_OUT', 'ENGINE_UNAVAILABLE', 'CLOSED'];
const TIMEOUT_MS = { least: 50, most: 5_000 };
/** Every request whose number ends with it is refused by its responder. */
const REFUSED = 7;

/** The question that processes of a system ask each other: the answer names the question. */
export const question = call('questions', { request: text(), reply: text(), partitions: 2 });

/** Answers questions, each in its time. */
export class SimResponder extends BusProcess {
  constructor(host: SimHost, mutant: SystemMutant) {
    super(host, 'responders', mutant, (bus) => {
      bus.respond(question, async (asked) => {
        const { dice } = host.world;
        await host.pause(dice.below(dice.chance(10) ? 800 : 10));
        host.world.note(`${host.name} answers ${asked}`);
        if (Number(asked.split(':')[1]) % 10 === REFUSED) throw new Reject(`no to ${asked}`);
        return `to ${asked}`;
      });
    });
  }
}

/** Asks, and holds each end against its question. */
export class SimCaller extends BusProcess {
  answered = 0;
  #next = 0;
  #pending = 0;

  constructor(host: SimHost, mutant: SystemMutant) {
    super(host, 'callers', mutant, (bus) => bus.declare([question]));
  }

  get idle(): boolean {
    return this.#pending === 0;
  }

  /** Asks something, and does not wait for the answer. */
  act(): void {
    const { bus, host } = this;
    if (!host.alive || bus === undefined) return;
    const { dice } = host.world;
    const asked = `${host.name}:${this.#next++}`;
    const timeoutMs = TIMEOUT_MS.least + dice.below(TIMEOUT_MS.most);
    this.#pending += 1;
    const late = host.world.schedule((timeoutMs + LATE_MS) * 1000, 'late', host.life, () => {
      this.faults.push(`${asked} has not ended ${LATE_MS} virtual ms after its deadline of ${timeoutMs}`);
    });
    const key = dice.chance(50) ? `k${dice.below(4)}` : undefined;
    void bus
      .request(question, asked, { timeoutMs, ...(key !== undefined && { key }) })
      .then(
        (reply) => this.#replied(asked, reply),
        (reason: unknown) => this.#failed(asked, reason),
      )
      .finally(() => {
        late.cancelled = true;
        this.#pending -= 1;
      });
  }

  #replied(asked: string, reply: string): void {
    this.host.world.note(`${asked} is answered: ${reply}`);
    this.answered += 1;
    if (reply !== `to ${asked}`) this.faults.push(`${asked} was answered with "${reply}"`);
    if (this.#isRefused(asked)) this.faults.push(`${asked} was answered, and its responder refuses it`);
  }

  #failed(asked: string, reason: unknown): void {
    const code = reason instanceof TrunklineError ? reason.code : 'broken';
    this.host.world.note(`${asked} fails: ${code}`);
    if (reason instanceof RemoteError) {
      const isOwn = this.#isRefused(asked) && reason.message.includes(`no to ${asked}`);
      if (!isOwn) this.faults.push(`${asked} was refused with: ${reason.message}`);
      this.answered += 1;
    } else if (!PASSING.includes(code)) this.faults.push(`${asked} ended with ${String(reason)}`);
  }

  #isRefused(asked: string): boolean {
    return Number(asked.split(':')[1]) % 10 === REFUSED;
  }
}
