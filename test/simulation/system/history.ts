/** What a record says of itself: whose it is, and which of theirs. */
export interface Sent {
  readonly producer: string;
  readonly sequence: number;
  readonly key: string | null;
}

/** A record as somebody saw it in the log. */
export interface Seen {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
}

type Outcome = 'pending' | 'acknowledged' | 'unknown';

/**
 * What the world sent to one topic, and what it was told of it. Values are unique, so whatever anybody sees is either one
 * of them at a place that fits all that was seen before, or a fault.
 */
export class TopicHistory {
  readonly faults: string[] = [];
  readonly #sent = new Map<string, Sent>();
  readonly #outcomes = new Map<string, Outcome>();
  /** By partition and offset. */
  readonly #known: Map<number, string>[];
  readonly #acknowledged = new Map<string, { readonly partition: number; readonly offset: number }>();

  constructor(
    readonly topic: string,
    readonly partitions: number,
  ) {
    this.#known = Array.from({ length: partitions }, () => new Map<number, string>());
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** Everything that was acknowledged, and where. */
  get acknowledged(): ReadonlyMap<string, { readonly partition: number; readonly offset: number }> {
    return this.#acknowledged;
  }

  /** Behind the last record that anybody knows of, by partition. */
  get ends(): readonly number[] {
    return this.#known.map((known) => Math.max(0, ...[...known.keys()].map((offset) => offset + 1)));
  }

  /** Values whose end nobody knows yet. */
  get pending(): readonly string[] {
    return [...this.#outcomes].filter(([, outcome]) => outcome === 'pending').map(([value]) => value);
  }

  sent(value: string, sent: Sent): void {
    this.#sent.set(value, sent);
    this.#outcomes.set(value, 'pending');
  }

  /** `offset` -1: it is there, and the broker does not say where. */
  acknowledge(value: string, partition: number, offset: number): void {
    this.#outcomes.set(value, 'acknowledged');
    this.#acknowledged.set(value, { partition, offset });
    if (offset >= 0) this.#knows(partition, offset, value, 'acknowledged');
  }

  /** Its sender was told of an error: it may be there or not. */
  fails(value: string): void {
    this.#outcomes.set(value, 'unknown');
  }

  /** Whoever shows or handles a record says so here. */
  seen({ partition, offset, key, value }: Seen, who: string): void {
    const sent = this.#sent.get(value);
    if (sent === undefined) return this.#fault(`${who} saw ${value} at ${partition}/${offset}; nobody sent it`);
    if (sent.key !== key) this.#fault(`${who} saw ${value} with the key ${key} instead of ${sent.key}`);
    this.#knows(partition, offset, value, `seen by ${who}`);
  }

  /** Holds the whole log of every partition against all that is known. */
  check(logs: readonly (readonly Seen[])[]): void {
    const places = new Map<string, string>();
    const keys = new Map<string, number>();
    const found = logs.map((log) => new Map(log.map(({ offset, value }) => [offset, value])));
    for (const record of logs.flat()) {
      this.seen(record, 'the last reader');
      const place = `${record.partition}/${record.offset}`;
      const other = places.get(record.value);
      if (other !== undefined) this.#fault(`duplicate: ${record.value} stands at ${other} and at ${place}`);
      places.set(record.value, place);
      if (record.key === null) continue;
      if ((keys.get(record.key) ?? record.partition) !== record.partition)
        this.#fault(`key ${record.key} is in two partitions`);
      keys.set(record.key, record.partition);
    }
    for (const value of this.#acknowledged.keys()) {
      if (!places.has(value)) this.#fault(`lost: ${value} was acknowledged`);
    }
    this.#known.forEach((known, partition) => {
      for (const [offset, value] of known) {
        const there = found[partition]?.get(offset);
        if (there !== value)
          this.#fault(`${value} was known to stand at ${partition}/${offset}, where ${there ?? 'nothing'} stands`);
      }
    });
    for (const log of logs) this.#checkOrder(log);
  }

  /** A producer's records stand in the order in which it sent them. */
  #checkOrder(log: readonly Seen[]): void {
    const last = new Map<string, number>();
    for (const { value, partition, offset } of log) {
      const sent = this.#sent.get(value);
      if (sent === undefined) continue;
      const before = last.get(sent.producer) ?? -1;
      if (sent.sequence < before)
        this.#fault(`out of order: ${value} at ${partition}/${offset} stands behind ${before}`);
      last.set(sent.producer, sent.sequence);
    }
  }

  #knows(partition: number, offset: number, value: string, how: string): void {
    const known = this.#known[partition];
    if (known === undefined) return this.#fault(`${value} was ${how} in partition ${partition}, which is not there`);
    const before = known.get(offset);
    if (before !== undefined && before !== value) {
      this.#fault(`${partition}/${offset} held ${before}, and ${value} was ${how} there`);
    }
    known.set(offset, value);
  }

  #fault(text: string): void {
    this.faults.push(`${this.topic}: ${text}`);
  }
}

/** What a group of consumers did with a topic, and what it committed. */
export class GroupHistory {
  readonly faults: string[] = [];
  /** Offsets whose handling was finished, by partition. */
  readonly #handled: Set<number>[];
  /** All below are handled. */
  readonly #prefix: number[];
  readonly #committed: number[];

  constructor(
    readonly group: string,
    readonly topic: TopicHistory,
  ) {
    this.#handled = Array.from({ length: topic.partitions }, () => new Set<number>());
    this.#prefix = Array.from({ length: topic.partitions }, () => 0);
    this.#committed = Array.from({ length: topic.partitions }, () => -1);
  }

  get handledCount(): number {
    return this.#handled.reduce((count, { size }) => count + size, 0);
  }

  handled(partition: number, offset: number): void {
    const handled = this.#handled[partition]!;
    handled.add(offset);
    let prefix = this.#prefix[partition]!;
    while (handled.has(prefix)) prefix += 1;
    this.#prefix[partition] = prefix;
  }

  /** The group's committed offsets, as its coordinator tells them; -1: none. */
  committed(partition: number, offset: number): void {
    const before = this.#committed[partition]!;
    if (offset < before) this.#fault(`${partition}: the committed offset went back from ${before} to ${offset}`);
    const prefix = this.#prefix[partition]!;
    if (offset > prefix) this.#fault(`${partition}: ${offset} is committed, and ${prefix} was not handled`);
    this.#committed[partition] = Math.max(before, offset);
  }

  /** Acknowledged records that nobody has handled. */
  get unhandled(): readonly string[] {
    return [...this.topic.acknowledged]
      .filter(([, { partition, offset }]) => offset >= 0 && !this.#handled[partition]!.has(offset))
      .map(([value]) => value);
  }

  /** The least and the most that a member may begin with. */
  start(partition: number): { readonly least: number; readonly most: number } {
    return { least: this.#committed[partition]!, most: this.#prefix[partition]! };
  }

  fault(text: string): void {
    this.#fault(text);
  }

  #fault(text: string): void {
    this.faults.push(`group ${this.group} of ${this.topic.topic}: ${text}`);
  }
}
