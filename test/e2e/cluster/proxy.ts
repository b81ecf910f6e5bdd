import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * What a proxy does with bytes of one way.
 *
 * - `pass`: hands them on, `delayMs` later when that is set
 * - `hold`: keeps them (up to a limit, then stops reading): the peer sees an open connection on which nothing comes
 */
export interface Way {
  readonly kind: 'pass' | 'hold';
  readonly delayMs?: number;
}

/** Who opened a connection: a node, by the client id of its first request, or some client. */
export type Source = number | 'client';

/** What holds for connections of a source: bytes to the node behind the proxy, and bytes back. */
export interface Rule {
  readonly to: Way;
  readonly back: Way;
}

const PASS: Rule = { to: { kind: 'pass' }, back: { kind: 'pass' } };
const NODE_ID = /\bnode-(\d+)\b/;
/** Size, API key, version, correlation id and the length of the client id. */
const HEADER_BYTES = 14;
const CLIENT_ID_BYTES_MAX = 256;
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/**
 * A TCP proxy before one node: it knows who opened each connection and treats them by rules that can change at any
 * moment, so that links can be slow, half open one way, or cut.
 */
export class Proxy {
  readonly #rules = new Map<Source, Rule>();
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;

  constructor(
    readonly port: number,
    readonly targetPort: number,
  ) {}

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Holds for connections that are open and for those to come. */
  set(source: Source, rule: Rule): void {
    this.#rules.set(source, rule);
    for (const pair of this.#pairs) pair.apply(this.#ruleOf(pair.source));
  }

  /** Everything passes again. */
  heal(): void {
    this.#rules.clear();
    for (const pair of this.#pairs) pair.apply(PASS);
  }

  /** Ends the open connections of a source, in the middle of whatever they say. */
  cut(source: Source): void {
    for (const pair of this.#pairs) if (pair.source === source) pair.destroy();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
  }

  #accept(opened: Socket): void {
    const pair = new Pair(opened, this.targetPort);
    this.#pairs.add(pair);
    pair.onSource = (source) => pair.apply(this.#ruleOf(source));
    pair.onEnd = () => this.#pairs.delete(pair);
  }

  #ruleOf(source: Source | undefined): Rule {
    return (source === undefined ? undefined : this.#rules.get(source)) ?? PASS;
  }
}

/** One connection through the proxy. */
class Pair {
  source: Source | undefined;
  onSource: (source: Source) => void = () => {};
  onEnd: () => void = () => {};
  readonly #target: Socket;
  readonly #to: Pipe;
  readonly #back: Pipe;
  #head = Buffer.alloc(0);

  constructor(
    private readonly opened: Socket,
    targetPort: number,
  ) {
    this.#target = connect(targetPort, '127.0.0.1');
    this.#to = new Pipe(opened, this.#target);
    this.#back = new Pipe(this.#target, opened);
    for (const socket of [opened, this.#target]) {
      socket.setNoDelay(true).on('error', () => {});
      socket.once('close', () => this.destroy());
    }
    opened.on('data', (bytes) => {
      if (this.source === undefined) this.#look(bytes);
      this.#to.take(bytes);
    });
    this.#target.on('data', (bytes) => this.#back.take(bytes));
  }

  apply({ to, back }: Rule): void {
    this.#to.apply(to);
    this.#back.apply(back);
  }

  destroy(): void {
    this.opened.destroy();
    this.#target.destroy();
    this.onEnd();
  }

  /** The client id stands in the header of the first request. */
  #look(bytes: Buffer): void {
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.byteLength < HEADER_BYTES) return;
    const length = Math.min(Math.max(0, this.#head.readInt16BE(HEADER_BYTES - 2)), CLIENT_ID_BYTES_MAX);
    if (this.#head.byteLength < HEADER_BYTES + length) return;
    const clientId = this.#head.toString('latin1', HEADER_BYTES, HEADER_BYTES + length);
    const node = NODE_ID.exec(clientId)?.[1];
    this.#head = Buffer.alloc(0);
    this.source = node === undefined ? 'client' : Number(node);
    this.onSource(this.source);
  }
}

/** One way of a connection. Bytes stay in order, whatever the rules were while they came. */
class Pipe {
  #way: Way = PASS.to;
  #waiting: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly into: Socket,
  ) {
    into.on('drain', () => this.from.resume());
    into.once('close', () => clearTimeout(this.#timer));
  }

  take(bytes: Buffer): void {
    const { kind, delayMs = 0 } = this.#way;
    if (kind === 'pass' && delayMs === 0 && this.#waiting.length === 0) {
      this.#write(bytes);
      return;
    }
    this.#waiting.push({ bytes, dueMs: performance.now() + delayMs });
    this.#waitingBytes += bytes.byteLength;
    if (this.#waitingBytes > HELD_BYTES_MAX) this.from.pause();
    this.#flush();
  }

  apply(way: Way): void {
    this.#way = way;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    if (this.#way.kind === 'hold' || this.into.destroyed) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const restMs = next.dueMs - performance.now();
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), restMs);
        return;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes.byteLength;
      this.#write(next.bytes);
    }
    this.from.resume();
  }

  #write(bytes: Buffer): void {
    if (!this.into.write(bytes)) this.from.pause();
  }
}
