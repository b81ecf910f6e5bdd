import type { AnyApi, Decoded, Encodable } from '@trunkline/protocol';
import { ConnectionEnded, RawClient } from '@trunkline/testing';
import { normalised } from './normalise.js';

/** What a broker said at one step: its answer with what may differ taken out, or that it closed the connection. */
export interface Step {
  readonly label: string;
  readonly said: unknown;
}

/** What a scenario may say about one answer. */
export interface StepOptions {
  /** Names of fields, at any depth, that are not compared in this answer, beside those that never are. */
  readonly differs?: readonly string[];
  /** Names of lists, at any depth, whose order means nothing. */
  readonly unordered?: readonly string[];
}

/**
 * One broker asked by one scenario. Every answer is kept, to be compared with what the other broker said to the same.
 */
export class Conversation {
  readonly #steps: Step[] = [];
  readonly #clients: RawClient[] = [];

  constructor(
    readonly port: number,
    /** Different for each run, so that names made of it are new on this broker. */
    readonly run: string,
  ) {}

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** A name that no earlier scenario used; reads the same on both brokers. */
  name(base: string): string {
    return `${base}-${this.run}`;
  }

  /** A connection of its own; it is closed with the conversation. */
  async connect(clientId: string | null = 'differential'): Promise<RawClient> {
    const client = await RawClient.connect(this.port, '127.0.0.1', clientId);
    this.#clients.push(client);
    return client;
  }

  /** Asks and keeps the answer. Returns it as it came; undefined when the connection was closed instead. */
  async ask<A extends AnyApi>(
    client: RawClient,
    label: string,
    api: A,
    version: number,
    body: Encodable<A['request']>,
    options: StepOptions = {},
  ): Promise<Decoded<A['response']> | undefined> {
    const kept = this.#step(`${label} (${api.name} v${version})`); // In the order of asking, whatever is answered first.
    const answer = await this.#settled(client.send(api, version, body));
    kept.said = normalised(answer ?? 'the connection was closed', options);
    return answer;
  }

  /** Sends bytes as they are and keeps whether the connection survived. */
  async throws(client: RawClient, label: string, bytes: Uint8Array): Promise<void> {
    client.sendBytes(bytes);
    await client.closed;
    this.keep(label, 'the connection was closed');
  }

  /** Keeps something else that was seen: it must be the same on both. */
  keep(label: string, said: unknown, options: StepOptions = {}): void {
    this.#step(label).said = normalised(said, options);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #step(label: string): { said: unknown } {
    const step = { label, said: undefined as unknown };
    this.#steps.push(step);
    return step;
  }

  async #settled<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (reason) {
      if (reason instanceof ConnectionEnded) return undefined;
      throw reason;
    }
  }
}
