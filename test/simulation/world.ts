import type { Clock } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';

/** One life of a process. What was scheduled for it does not happen once it has ended. */
export class Life {
  #alive = true;
  #end: () => void = () => {};
  /** Resolves when it ends. */
  readonly ended = new Promise<void>((resolve) => (this.#end = resolve));

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
    this.#end();
  }
}

interface Scheduled {
  dueUs: number;
  readonly tiebreak: number;
  readonly order: number;
  readonly label: string;
  readonly life: Life;
  readonly run: () => void;
  cancelled: boolean;
}

const WALL_BEGIN_MS = 1_700_000_000_000;
/** Lines of the trace that are kept for looking at. */
const TRACE_LINES_MAX = 100_000;

/** Time, dice and the order of events of one run: one seed decides all of it. Times are virtual. */
export class SimWorld {
  readonly dice: SimRandom;
  readonly #events: Scheduled[] = [];
  /** What is due for lives that stand still. */
  readonly #held = new Map<Life, Scheduled[]>();
  readonly #lines: { readonly atMs: number; readonly line: string }[] = [];
  #nowUs = 0;
  #order = 0;
  #hash = 0x811c9dc5;
  /** Events that happened. */
  steps = 0;
  /** Called after each event, and all that followed from it at once. */
  onEvent: () => void = () => {};

  constructor(readonly seed: number) {
    this.dice = new SimRandom(seed);
  }

  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  /** Changes with every event, its time and its order: two runs with the same hash were the same run. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** The end of the trace. */
  get lines(): readonly string[] {
    return this.#lines.map(({ atMs, line }) => `${atMs.toFixed(3)} ${line}`);
  }

  note(line: string): void {
    this.#hash = Math.imul(this.#hash ^ this.#nowUs, 0x01000193);
    for (let at = 0; at < line.length; at++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193);
    this.#lines.push({ atMs: this.nowMs, line });
    if (this.#lines.length > 2 * TRACE_LINES_MAX) this.#lines.splice(0, TRACE_LINES_MAX);
  }

  /** Calls `run` after `delayUs`; events of one moment come in an order of the dice. */
  schedule(delayUs: number, label: string, life: Life, run: () => void): Scheduled {
    const dueUs = this.#nowUs + Math.max(0, Math.ceil(delayUs));
    const event = {
      dueUs,
      tiebreak: this.dice.below(1 << 20),
      order: this.#order++,
      label,
      life,
      run,
      cancelled: false,
    };
    this.#rise(event);
    return event;
  }

  /** Resolves after `delayUs`, or never when the life ends before. */
  pause(delayUs: number, label: string, life: Life): Promise<void> {
    return new Promise((resolve) => void this.schedule(delayUs, label, life, resolve));
  }

  /** The process stands still: what is due for it waits until {@link resume}. Its clock goes on. */
  hold(life: Life): void {
    if (!this.#held.has(life)) this.#held.set(life, []);
  }

  /** It goes on with everything that was due meanwhile. */
  resume(life: Life): void {
    const held = this.#held.get(life) ?? [];
    this.#held.delete(life);
    for (const event of held) {
      event.dueUs = this.#nowUs;
      this.#rise(event);
    }
  }

  clockOf(life: Life): Clock {
    return {
      nowMs: () => WALL_BEGIN_MS + Math.floor(this.nowMs),
      monotonicMs: () => this.nowMs,
      after: (delayMs, run) => {
        const event = this.schedule(delayMs * 1000, 'timer', life, run);
        return { cancel: () => void (event.cancelled = true) };
      },
    };
  }

  /** Lets `ms` of virtual time pass. */
  async run(ms: number): Promise<void> {
    const untilUs = this.#nowUs + ms * 1000;
    while (await this.#next(untilUs));
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  /** Lets time pass until the promise settles; rejects with {@link Hangs} when that takes more than `limitMs`. */
  async settle<T>(what: string, promise: Promise<T>, limitMs: number): Promise<T> {
    let settled = false;
    const marked = promise.finally(() => (settled = true));
    marked.catch(() => {}); // Whoever waits for the result hears of it.
    await drain();
    const untilUs = this.#nowUs + limitMs * 1000;
    while (!settled) if (!(await this.#next(untilUs))) throw new Hangs(`${what} took more than ${limitMs} virtual ms`);
    return promise;
  }

  /** Into the heap: no event is later than those below it. */
  #rise(event: Scheduled): void {
    const events = this.#events;
    let at = events.length;
    for (let above = (at - 1) >> 1; at > 0 && isLater(events[above]!, event); above = (at - 1) >> 1) {
      events[at] = events[above]!;
      at = above;
    }
    events[at] = event;
  }

  /** Takes the first out of the heap. */
  #sink(): void {
    const events = this.#events;
    const last = events.pop()!;
    if (events.length === 0) return;
    let at = 0;
    for (let below = 1; below < events.length; below = 2 * at + 1) {
      if (below + 1 < events.length && isLater(events[below]!, events[below + 1]!)) below += 1;
      if (!isLater(last, events[below]!)) break;
      events[at] = events[below]!;
      at = below;
    }
    events[at] = last;
  }

  /** The next event, and everything that follows from it in the same moment. */
  async #next(untilUs: number): Promise<boolean> {
    for (;;) {
      const event = this.#events[0];
      if (event === undefined || event.dueUs > untilUs) return false;
      this.#sink();
      if (event.cancelled || !event.life.alive) continue;
      const held = this.#held.get(event.life);
      if (held !== undefined) {
        held.push(event);
        continue;
      }
      this.#nowUs = event.dueUs;
      this.steps += 1;
      this.note(event.label);
      event.run();
      await drain();
      this.onEvent();
      return true;
    }
  }
}

/** Something did not come to an end in time. */
export class Hangs extends Error {}

function isLater(event: Scheduled, than: Scheduled): boolean {
  if (event.dueUs !== than.dueUs) return event.dueUs > than.dueUs;
  if (event.tiebreak !== than.tiebreak) return event.tiebreak > than.tiebreak;
  return event.order > than.order;
}

/** Every promise that can go on has gone on when a new turn of the real event loop begins. */
function drain(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
