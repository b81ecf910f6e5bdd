import { isIP } from 'node:net';
import { TrunklineError } from '@trunkline/bus';
import { type Clock, asError } from '@trunkline/kernel';
import type { API, Connection } from '@platformatic/kafka';
import type { BrokerAddress, KafkaSettings } from './options.js';

/** The client package, loaded when an engine starts: importing it takes half a second. */
export type KafkaClient = typeof import('@platformatic/kafka');

export interface LinkOptions {
  readonly client: KafkaClient;
  readonly settings: KafkaSettings;
  readonly clock: Clock;
  /** How long an answer may take. Longer than `requestTimeoutMs` where a request is parked at the broker. */
  readonly requestTimeoutMs: number;
}

const IN_FLIGHT_MAX = 1_000;

/**
 * One connection to one broker. A broker answers the requests of a connection in their order, so that whatever may be
 * parked (fetches, joins) has a link of its own.
 *
 * Once it has failed, or an answer did not come in time, it is closed for good: open another.
 */
export class BrokerLink {
  readonly #connection: Connection;

  private constructor(
    readonly address: BrokerAddress,
    private readonly options: LinkOptions,
  ) {
    const { client, settings } = options;
    this.#connection = new client.Connection(settings.clientId, {
      connectTimeout: settings.connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      maxInflights: IN_FLIGHT_MAX,
      ...(settings.tls !== undefined && { tls: settings.tls, tlsServerName: isIP(address.host) === 0 }),
      ...(settings.sasl !== undefined && { sasl: { ...settings.sasl } }),
    });
    // Every failure also rejects the requests it hits; without a listener Node would end the process.
    this.#connection.on('error', () => {});
  }

  /** Connects, and proves who we are where SASL is set. Rejects with `ENGINE_UNAVAILABLE`. */
  static async connect(address: BrokerAddress, options: LinkOptions): Promise<BrokerLink> {
    const link = new BrokerLink(address, options);
    try {
      await link.#connection.connect(address.host, address.port);
    } catch (reason) {
      throw unavailable(`${address.host}:${address.port} cannot be reached`, reason);
    }
    return link;
  }

  get isOpen(): boolean {
    return this.#connection.isConnected();
  }

  /** Asks by one of the client's own tables. Answers that hold error codes resolve: the caller looks at them. */
  async call<Arguments extends unknown[], Answer>(api: API<Arguments, Answer>, ...args: Arguments): Promise<Answer> {
    try {
      return await api.async(this.#connection, ...args);
    } catch (reason) {
      const carried: unknown = Reflect.get(asError(reason), 'response');
      if (carried !== undefined && carried !== null) return carried as Answer;
      throw this.#failed(reason);
    }
  }

  /** Asks with a body of our own; neither request nor answer is of a flexible version. */
  request<Answer>(
    api: { readonly key: number; readonly version: number },
    body: Buffer,
    parse: (bytes: Buffer) => Answer,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#connection.send<Answer>(
        api.key,
        api.version,
        () => this.options.client.Writer.create().append(body),
        (_correlationId, _key, _version, { buffer, position }) => parse(buffer.slice(position)),
        false,
        false,
        (error, answer) => (error === null ? resolve(answer as Answer) : reject(this.#failed(error))),
      );
    });
  }

  /** Waits at most `limitMs` for an answer; then the link is closed, for nobody knows what it would say next. */
  async within<Answer>(limitMs: number, answer: Promise<Answer>): Promise<Answer> {
    const timer = this.options.clock.after(limitMs, () => void this.close());
    try {
      return await answer;
    } finally {
      timer.cancel();
    }
  }

  /** Ends the connection; requests without an answer reject. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  #failed(reason: unknown): TrunklineError {
    return unavailable(`the connection to ${this.address.host}:${this.address.port} failed`, reason);
  }
}

/** `ENGINE_UNAVAILABLE` that keeps what was said, down to what was said first: a certificate, a password, a port. */
export function unavailable(what: string, reason: unknown): TrunklineError {
  return new TrunklineError('ENGINE_UNAVAILABLE', `${what}: ${saidBy(reason)}`, { cause: reason });
}

const CAUSES_MAX = 5;

function saidBy(reason: unknown): string {
  const said: string[] = [];
  let at: unknown = reason;
  for (let depth = 0; depth < CAUSES_MAX && at !== undefined && at !== null; depth++) {
    const error = asError(at);
    const text = error instanceof TrunklineError ? error.detail : error.message;
    if (text !== '' && !said.some((earlier) => earlier.includes(text))) said.push(text);
    const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
    at = inner ?? error.cause;
  }
  return said.join(': ');
}
