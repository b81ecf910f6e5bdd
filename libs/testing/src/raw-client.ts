import { type Socket, createConnection } from 'node:net';
import { concatBytes } from '@trunkline/kernel';
import {
  type AnyApi,
  type Decoded,
  type Encodable,
  correlationIdOf,
  decodeResponse,
  encodeRequest,
} from '@trunkline/protocol';
import { ReceivedFrames } from './received-frames.js';

/** How long an answer may take before the caller is told, ms. */
const ANSWER_MS_MAX = 30_000;

interface Waiting {
  readonly api: AnyApi;
  readonly version: number;
  readonly resolve: (body: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** The connection ended while an answer was awaited, or before a request was sent. */
export class ConnectionEnded extends Error {
  constructor(why: string) {
    super(`the connection ended: ${why}`);
    this.name = 'ConnectionEnded';
  }
}

/**
 * A bare Kafka connection for tests: one request is one call, nothing is retried, negotiated or cached. It talks to any
 * broker that speaks the protocol, so that two brokers can be asked the same.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #frames = new ReceivedFrames();
  #correlationId = 0;
  #ended: Error | undefined;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(
    socket: Socket,
    readonly clientId: string | null,
  ) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', (reason) => this.#end(new ConnectionEnded(reason.message)));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#end(new ConnectionEnded('closed by the broker'));
        resolve();
      });
    });
  }

  /** Connects to a broker; rejects with the system's error. */
  static connect(port: number, host = '127.0.0.1', clientId: string | null = 'raw'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket, clientId));
      });
    });
  }

  get open(): boolean {
    return this.#ended === undefined;
  }

  /** Sends a request and resolves with the body of its answer. Rejects with {@link ConnectionEnded}. */
  send<A extends AnyApi>(
    api: A,
    version: number,
    body: Encodable<A['request']>,
    clientId = this.clientId,
  ): Promise<Decoded<A['response']>> {
    const correlationId = this.#correlationId++;
    const answer = this.#await(correlationId, api, version) as Promise<Decoded<A['response']>>;
    this.sendBytes(concatBytes(encodeRequest(api, version, { correlationId, clientId }, body)));
    return answer;
  }

  /** Sends a request that gets no answer (Produce with acks=0). */
  sendOnly<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): void {
    const correlationId = this.#correlationId++;
    this.sendBytes(concatBytes(encodeRequest(api, version, { correlationId, clientId: this.clientId }, body)));
  }

  /** Sends bytes as they are, whole frames or not. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#ended === undefined) this.#socket.write(bytes);
  }

  /** Waits for the answer to a frame that was sent as bytes under this correlation id. */
  awaitAnswer<A extends AnyApi>(correlationId: number, api: A, version: number): Promise<Decoded<A['response']>> {
    return this.#await(correlationId, api, version) as Promise<Decoded<A['response']>>;
  }

  close(): void {
    this.#socket.destroy();
  }

  #await(correlationId: number, api: AnyApi, version: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const late = setTimeout(() => {
        this.#waiting.delete(correlationId);
        reject(new Error(`${api.name} v${version} was not answered within ${ANSWER_MS_MAX} ms`));
      }, ANSWER_MS_MAX);
      this.#waiting.set(correlationId, {
        api,
        version,
        resolve: (body) => {
          clearTimeout(late);
          resolve(body);
        },
        reject: (reason) => {
          clearTimeout(late);
          reject(reason);
        },
      });
    });
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.take(bytes)) this.#answer(frame);
  }

  #answer(frame: Uint8Array): void {
    const correlationId = correlationIdOf(frame);
    const waiting = this.#waiting.get(correlationId);
    if (waiting === undefined) return this.#end(new ConnectionEnded(`an answer ${correlationId} that nobody awaits`));
    this.#waiting.delete(correlationId);
    try {
      waiting.resolve(decodeResponse(waiting.api, waiting.version, frame).body);
    } catch (reason) {
      waiting.reject(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
