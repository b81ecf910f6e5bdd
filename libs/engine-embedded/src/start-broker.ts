import { TrunklineError } from '@trunkline/bus';
import { Broker, type BrokerOptions, ConfigFault, StartFault, brokerConfig } from '@trunkline/broker';
import { asError } from '@trunkline/kernel';
import { compression, crc32c, nodeRandom } from '@trunkline/platform';

/** The world of one broker; the rest is the same for all in this process. */
export type BrokerWorld = Omit<BrokerOptions, 'config' | 'random' | 'crc32c' | 'compression' | 'defer' | 'handlers'>;

/** Starts the product. Rejects with `MISUSE` for settings that cannot be, with `ENGINE_UNAVAILABLE` for a start that fails. */
export async function startBroker(values: ReadonlyMap<string, string>, world: BrokerWorld): Promise<Broker> {
  try {
    const config = brokerConfig([{ origin: 'embedded', values }]);
    return await Broker.start({ ...world, config, random: nodeRandom, crc32c, compression, defer: setImmediate });
  } catch (reason) {
    throw asStartError(reason);
  }
}

/** A start's failure as the bus tells it. */
export function asStartError(reason: unknown): Error {
  if (reason instanceof ConfigFault) return new TrunklineError('MISUSE', reason.message, { cause: reason });
  if (reason instanceof StartFault) return new TrunklineError('ENGINE_UNAVAILABLE', reason.message, { cause: reason });
  return asError(reason);
}

const ANY_HOST = new Set(['', '0.0.0.0', '::']);

/** `host:port` of a broker's first TCP listener; undefined: it has none. */
export function bootstrapOf(broker: Broker): string | undefined {
  for (const { address } of broker.addresses) {
    if ('path' in address) continue;
    const host = ANY_HOST.has(address.host) ? '127.0.0.1' : address.host;
    return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  }
  return undefined;
}
