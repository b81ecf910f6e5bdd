import { invariant } from '@trunkline/kernel';

/** How an input may run beside others of its key: shared ones side by side, an exclusive one alone. */
export type GateMode = 'shared' | 'exclusive';

interface Waiting<Task> {
  readonly mode: GateMode;
  readonly task: Task;
}

interface Gate<Task> {
  shared: number;
  exclusive: boolean;
  readonly waiting: Waiting<Task>[];
}

/**
 * One queue a key, first come first served: who may run now, and who waits until what is under way is committed.
 *
 * Keys that nothing is under way for cost nothing.
 */
export class KeyGates<Task> {
  readonly #gates = new Map<string, Gate<Task>>();
  #waiting = 0;

  /** Tasks that wait, over all keys. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a task may run now; if not it is kept, and handed out by `leave`. */
  enter(key: string, mode: GateMode, task: Task): boolean {
    const gate = this.#gates.get(key);
    if (gate === undefined || (gate.waiting.length === 0 && admits(gate, mode))) return true;
    gate.waiting.push({ mode, task });
    this.#waiting += 1;
    return false;
  }

  /** A task that ran has records under way. */
  hold(key: string, mode: GateMode): void {
    let gate = this.#gates.get(key);
    if (gate === undefined) this.#gates.set(key, (gate = { shared: 0, exclusive: false, waiting: [] }));
    invariant(admits(gate, mode), 'no two decisions about one key overlap, but shared ones');
    if (mode === 'exclusive') gate.exclusive = true;
    else gate.shared += 1;
  }

  /** Whether records of an exclusive task are under way. */
  isExclusive(key: string): boolean {
    return this.#gates.get(key)?.exclusive === true;
  }

  /** Records of a task are committed. */
  release(key: string, mode: GateMode): void {
    const gate = this.#gates.get(key);
    invariant(gate !== undefined, 'only what is held is released');
    if (mode === 'exclusive') gate.exclusive = false;
    else gate.shared -= 1;
    if (gate.waiting.length === 0 && gate.shared === 0 && !gate.exclusive) this.#gates.delete(key);
  }

  /** The next task of a key that may run now; undefined when there is none. */
  next(key: string): Task | undefined {
    const gate = this.#gates.get(key);
    const first = gate?.waiting[0];
    if (gate === undefined || first === undefined || !admits(gate, first.mode)) return undefined;
    gate.waiting.shift();
    this.#waiting -= 1;
    if (gate.waiting.length === 0 && gate.shared === 0 && !gate.exclusive) this.#gates.delete(key);
    return first.task;
  }
}

function admits({ shared, exclusive }: { shared: number; exclusive: boolean }, mode: GateMode): boolean {
  return !exclusive && (mode === 'shared' || shared === 0);
}
