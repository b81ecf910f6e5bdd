import type { Address } from '@trunkline/kernel';
import { parseAddress } from './connection/address.js';
import type { SaslOptions } from './connection/sasl/sasl-options.js';
import { KafkaError } from './error.js';
import type { ClientObserver } from './observer.js';

/** How a client finds its brokers and talks with them. Kafka's names stand in brackets. */
export interface ClientOptions {
  /** [bootstrap.servers] Where to ask first: `host:port`, `[ipv6]:port` or `unix:/path`; commas between several. */
  readonly bootstrap: string | readonly string[];
  /** [client.id] Named in the brokers' logs and quotas. At most 249 characters. Default: `trunkline`. */
  readonly clientId?: string;
  /** Who the client says it is. Default: nobody (no SASL). */
  readonly sasl?: SaslOptions;
  /** [socket.connection.setup.timeout.ms] Until a connection is open, agreed upon and authenticated. Default: 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** [request.timeout.ms] Until an answer must be there, connecting included. Default: 30,000 ms. */
  readonly requestTimeoutMs?: number;
  /** [reconnect.backoff.ms] Before the second try to connect to a broker; doubles with each further one. Default: 50 ms. */
  readonly reconnectBackoffMs?: number;
  /** [reconnect.backoff.max.ms] Where doubling ends. Default: 1,000 ms. */
  readonly reconnectBackoffMaxMs?: number;
  /**
   * [connections.max.idle.ms] A connection that nobody used for so long is closed, and opened again when it is needed. Keep
   * it below the brokers' own (10 minutes), or they close first. Default: 540,000 ms.
   */
  readonly connectionsMaxIdleMs?: number;
  /**
   * The longest that a broker can keep a connection from sending by one word of a throttle time (KIP-219; Kafka's clients
   * have no such bound). 0: throttle times are told and not waited for. Default: 60,000 ms.
   */
  readonly throttleMsMax?: number;
  /** [retry.backoff.ms] Before something is asked again; doubles with each further time. Default: 100 ms. */
  readonly retryBackoffMs?: number;
  /** [retry.backoff.max.ms] Where doubling ends. Default: 1,000 ms. */
  readonly retryBackoffMaxMs?: number;
  /** [metadata.max.age.ms] How old the metadata of watched topics may grow. Default: 300,000 ms. */
  readonly metadataMaxAgeMs?: number;
  /** [metadata.recovery.strategy] `rebootstrap`: ask the bootstrap addresses when no known broker answers. Default (KIP-899). */
  readonly metadataRecoveryStrategy?: 'rebootstrap' | 'none';
  /** [metadata.recovery.rebootstrap.trigger.ms] Without metadata for so long: bootstrap again (KIP-1102). Default: 300,000 ms. */
  readonly metadataRecoveryTriggerMs?: number;
  /** Requests that left on one connection and are not answered. Default: 256. */
  readonly requestsInFlightMax?: number;
  /** Bytes of such requests. One request may always leave. Default: 64 MiB. */
  readonly requestBytesInFlightMax?: number;
  /** Requests that wait for a connection or for room on it. Default: 10,000. */
  readonly requestsWaitingMax?: number;
  /** The longest answer that is taken from a broker. Default: 100 MiB (an answer to a fetch may have 55). */
  readonly responseBytesMax?: number;
  /** What a decoded answer may occupy in memory, views not counted. Default: 128 MiB. */
  readonly decodedBytesMax?: number;
  /** Hears what happens on the wire. */
  readonly observer?: ClientObserver;
}

/** The options with every default filled in. */
export interface ClientConfig extends Required<Omit<ClientOptions, 'bootstrap' | 'sasl' | 'observer'>> {
  readonly bootstrap: readonly Address[];
  readonly sasl: SaslOptions | undefined;
  readonly observer: ClientObserver;
}

const MIB = 1024 * 1024;

export const CLIENT_DEFAULTS = Object.freeze({
  clientId: 'trunkline',
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  reconnectBackoffMs: 50,
  reconnectBackoffMaxMs: 1_000,
  connectionsMaxIdleMs: 540_000,
  throttleMsMax: 60_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  metadataMaxAgeMs: 300_000,
  metadataRecoveryStrategy: 'rebootstrap',
  metadataRecoveryTriggerMs: 300_000,
  requestsInFlightMax: 256,
  requestBytesInFlightMax: 64 * MIB,
  requestsWaitingMax: 10_000,
  responseBytesMax: 100 * MIB,
  decodedBytesMax: 128 * MIB,
} satisfies Partial<ClientOptions>);

const CLIENT_ID_CHARACTERS_MAX = 249;
const INT32_MAX = 2 ** 31 - 1;

/** Least values; every number is an integer up to 2^31 - 1. */
const LEAST = {
  connectTimeoutMs: 1,
  requestTimeoutMs: 1,
  reconnectBackoffMs: 1,
  reconnectBackoffMaxMs: 1,
  connectionsMaxIdleMs: 1,
  throttleMsMax: 0,
  retryBackoffMs: 1,
  retryBackoffMaxMs: 1,
  metadataMaxAgeMs: 1,
  metadataRecoveryTriggerMs: 1,
  requestsInFlightMax: 1,
  requestBytesInFlightMax: 1,
  requestsWaitingMax: 1,
  responseBytesMax: 1024,
  decodedBytesMax: 1024,
} satisfies Partial<Record<keyof ClientOptions, number>>;

/** Fills in the defaults and freezes. Throws KafkaError MISUSE that names the option, its value and what is allowed. */
export function clientConfig(options: ClientOptions): ClientConfig {
  const { bootstrap, sasl, observer, ...given } = options;
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const merged = { ...CLIENT_DEFAULTS, ...set } as Required<Omit<ClientOptions, 'bootstrap' | 'sasl' | 'observer'>>;
  for (const [name, least] of Object.entries(LEAST)) {
    const value: unknown = Reflect.get(merged, name);
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= INT32_MAX) continue;
    throw misuse(name, value, `an integer from ${least} to ${INT32_MAX}`);
  }
  const { clientId, metadataRecoveryStrategy } = merged;
  if (typeof clientId !== 'string' || clientId.length > CLIENT_ID_CHARACTERS_MAX)
    throw misuse('clientId', clientId, `a text of at most ${CLIENT_ID_CHARACTERS_MAX} characters`);
  if (metadataRecoveryStrategy !== 'rebootstrap' && metadataRecoveryStrategy !== 'none')
    throw misuse('metadataRecoveryStrategy', metadataRecoveryStrategy, '`rebootstrap` or `none`');
  return Object.freeze({ ...merged, bootstrap: addressesOf(bootstrap), sasl, observer: observer ?? {} });
}

function addressesOf(bootstrap: ClientOptions['bootstrap']): readonly Address[] {
  const texts = (typeof bootstrap === 'string' ? bootstrap.split(',') : [...bootstrap])
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (texts.length === 0)
    throw misuse('bootstrap', bootstrap, 'at least one `host:port`, `[ipv6]:port` or `unix:/path`');
  return Object.freeze(
    texts.map((text) => {
      const address = parseAddress(text);
      if (address === undefined) throw misuse('bootstrap', text, '`host:port`, `[ipv6]:port` or `unix:/path`');
      return address;
    }),
  );
}

function misuse(name: string, value: unknown, allowed: string): KafkaError {
  return new KafkaError('MISUSE', `${name} is ${JSON.stringify(value) ?? String(value)}; it must be ${allowed}`);
}
