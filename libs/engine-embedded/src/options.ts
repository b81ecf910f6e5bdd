import { TrunklineError } from '@trunkline/bus';
import type { KafkaOptions } from '@trunkline/engine-kafka';
import type { Logger } from '@trunkline/kernel';

/** What `embedded()` takes. */
export interface EmbeddedOptions {
  /** Where the logs are kept. Default `./.trunkline`. One process at a time may use a directory. */
  readonly dataDir?: string;
  /** Keeps the logs in memory instead; they are gone when the engine closes. `bytesMax`, of each node: default 1 GiB. */
  readonly memory?: boolean | { readonly bytesMax?: number };
  /** Kafka's `listeners`: other clients look in here. Default `PLAINTEXT://127.0.0.1:0`, any free port. */
  readonly listeners?: string;
  /** Further settings of the broker, by Kafka's names: `{ 'num.partitions': '8' }`. */
  readonly set?: Readonly<Record<string, string>>;
  /** Missing: says nothing. */
  readonly logger?: Logger;
  /** How the bus reads and writes; what is not said is as for `kafka()`. */
  readonly client?: Omit<KafkaOptions, 'brokers' | 'tls' | 'sasl' | 'logger'>;
}

/** What `embedded()` takes for more than one broker. */
export interface EmbeddedClusterOptions extends EmbeddedOptions {
  /**
   * Brokers, from 1 to 9; three is what a cluster in production has at least. The first three vote on the metadata. Each
   * keeps its logs in a directory of its own, `node-1` and so on. A port in `listeners` is the first node's: the second
   * takes the next one.
   */
  readonly nodes: number;
}

const DATA_DIR = './.trunkline';
const MEMORY_BYTES_MAX = 1_073_741_824;
export const LISTENERS = 'PLAINTEXT://127.0.0.1:0';

/** The options with their defaults. */
export interface EmbeddedSettings {
  readonly dataDir: string;
  /** Undefined: on disk. */
  readonly memoryBytesMax: number | undefined;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Lays the options over the defaults. A broker for one process needs no 50 partitions to keep its groups in: each is a
 * directory with files of its own.
 */
export function embeddedSettings(options: EmbeddedOptions): EmbeddedSettings {
  const { dataDir, memory = false, listeners = LISTENERS, set = {} } = options;
  if (memory !== false && dataDir !== undefined) {
    throw new TrunklineError('MISUSE', `embedded: dataDir is ${dataDir} and memory is set; give one of them`);
  }
  const bytesMax = typeof memory === 'object' ? (memory.bytesMax ?? MEMORY_BYTES_MAX) : MEMORY_BYTES_MAX;
  if (!Number.isSafeInteger(bytesMax) || bytesMax < 1_048_576) {
    throw new TrunklineError('MISUSE', `embedded: memory.bytesMax is ${bytesMax}; give a whole number from 1048576 up`);
  }
  const inMemory = memory !== false;
  const dir = inMemory ? '/memory' : (dataDir ?? DATA_DIR);
  const values = new Map(Object.entries({ 'offsets.topic.num.partitions': '4', ...set, listeners, 'log.dirs': dir }));
  return { dataDir: dir, memoryBytesMax: inMemory ? bytesMax : undefined, values };
}
