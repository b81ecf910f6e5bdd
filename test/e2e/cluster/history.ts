/** What became of a send, as the client that made it knows. */
export type Outcome = 'acknowledged' | 'failed' | 'unknown';

/** One record that a process gave to its producer. */
export interface Send {
  readonly process: number;
  readonly partition: number;
  /** Unique in the whole history. */
  readonly value: number;
  /** `failed`: certainly not in the log (refused, or its transaction was aborted). `unknown`: it may be there. */
  outcome: Outcome;
  /** Where it stands; -1 as long as nobody told. */
  offset: number;
}

/** A record as a consumer saw it. */
export interface Seen {
  readonly offset: number;
  readonly value: number;
}

/** What one consumer saw of one partition between two moments at which it may jump: an assignment, a seek, a rebalance. */
export interface Reading {
  readonly consumer: string;
  readonly partition: number;
  /** Whether jumps inside are faults: `assign` chose the partition itself, `subscribe` may lose and regain it. */
  readonly mode: 'assign' | 'subscribe';
  readonly seen: Seen[];
}

/** What a run did and saw, in the order in which it happened. */
export class History {
  readonly sends: Send[] = [];
  readonly readings: Reading[] = [];
  #values = 0;

  /** Begins a send with a value that nobody else has. */
  send(process: number, partition: number): Send {
    const send: Send = { process, partition, value: this.#values++, outcome: 'unknown', offset: -1 };
    this.sends.push(send);
    return send;
  }

  reading(consumer: string, partition: number, mode: Reading['mode']): Reading {
    const reading: Reading = { consumer, partition, mode, seen: [] };
    this.readings.push(reading);
    return reading;
  }
}
