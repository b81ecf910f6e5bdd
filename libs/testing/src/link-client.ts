import type { Link } from '@trunkline/kernel';
import {
  type AnyApi,
  type Decoded,
  type Encodable,
  correlationIdOf,
  decodeResponse,
  encodeRequest,
} from '@trunkline/protocol';
import { ConnectionEnded } from './raw-client.js';
import { ReceivedFrames } from './received-frames.js';

interface Waiting {
  readonly correlationId: number;
  readonly read: (frame: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
}

/** A bare Kafka connection over a link: one request is one call, and answers must come in the order of the requests. */
export class LinkClient {
  readonly #link: Link;
  #waiting: Waiting[] = [];
  readonly #frames = new ReceivedFrames();
  #correlationId = 0;
  #ended: Error | undefined;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  constructor(
    link: Link,
    readonly clientId: string | null = 'test',
  ) {
    this.#link = link;
    this.closed = new Promise((resolve) => {
      link.open({
        data: (bytes) => this.#receive(bytes),
        drained: () => {},
        closed: () => {
          this.#end(new ConnectionEnded('closed by the broker'));
          resolve();
        },
      });
    });
  }

  get open(): boolean {
    return this.#ended === undefined;
  }

  /** Sends a request and resolves with the body of its answer. Rejects when the connection ends before. */
  send<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): Promise<Decoded<A['response']>> {
    const correlationId = this.#correlationId++;
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const read = (frame: Uint8Array): void => resolve(decodeResponse(api, version, frame).body);
      this.#waiting.push({ correlationId, read, reject });
      this.#link.write(encodeRequest(api, version, { correlationId, clientId: this.clientId }, body));
    });
  }

  /** Sends a request that gets no answer (Produce with acks=0). */
  sendOnly<A extends AnyApi>(api: A, version: number, body: Encodable<A['request']>): void {
    const correlationId = this.#correlationId++;
    this.#link.write(encodeRequest(api, version, { correlationId, clientId: this.clientId }, body));
  }

  /** Sends bytes as they are, whole frames or not. */
  sendBytes(bytes: Uint8Array): void {
    this.#link.write([bytes]);
  }

  close(): void {
    this.#link.destroy();
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.take(bytes)) this.#answer(frame);
  }

  #answer(frame: Uint8Array): void {
    const correlationId = correlationIdOf(frame);
    const first = this.#waiting.shift();
    if (first?.correlationId !== correlationId) {
      const expected = first === undefined ? 'none' : `${first.correlationId}`;
      first?.reject(new Error(`answer ${correlationId} came where ${expected} was due`));
      return this.#end(new ConnectionEnded('answers came out of order'));
    }
    try {
      first.read(frame);
    } catch (error) {
      first.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}
