import { silentLogger, type Logger } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { ManualClock, SimDisk, SimRandom, type SimDiskOptions } from '@trunkline/testing';
import { DiskMetadataLog } from '../src/disk-metadata-log.js';
import { MetadataManager } from '../src/metadata-manager.js';
import { newTopic, registration, staticConfig } from './fixture.js';

const DATA_DIR = 'data';
export const DIR = `${DATA_DIR}/metadata`;
/** The first file of the log. */
export const FIRST_LOG = `${DIR}/00000000000000000000.log`;

/** A simulated disk, and metadata on it that may be opened again and again. */
export class LogWorld {
  readonly disk: SimDisk;
  readonly random: SimRandom;
  readonly warnings: string[] = [];
  readonly clock = new ManualClock();
  readonly logger: Logger = { ...silentLogger, warn: (message) => void this.warnings.push(message) };

  constructor(
    options: SimDiskOptions,
    private readonly bytesBetweenSnapshots = 1 << 20,
    private readonly statics = staticConfig(),
  ) {
    this.disk = new SimDisk(options);
    this.random = new SimRandom(options.seed + 1);
  }

  log(): DiskMetadataLog {
    const { disk, clock, logger } = this;
    return new DiskMetadataLog({ disk, dir: DIR, clock, crc32c, logger });
  }

  async open(): Promise<MetadataManager> {
    await this.disk.makeDir(DATA_DIR);
    await this.disk.syncDir('/'); // The data directory was there long before.
    const { random, statics, bytesBetweenSnapshots } = this;
    return MetadataManager.open({
      log: this.log(),
      clusterId: 'c',
      random,
      statics,
      bytesBetweenSnapshots,
    });
  }
}

/** Takes broker 1 in. */
export async function register(manager: MetadataManager, random: SimRandom): Promise<void> {
  await manager.submit((controller) => controller.registerBroker(registration(1, random)));
}

/** Makes a topic, or rejects with why it could not be. */
export async function create(manager: MetadataManager, name: string, partitionCount = 1): Promise<void> {
  const [outcome] = await manager.submit((controller) => controller.createTopics([newTopic(name, { partitionCount })]));
  if (outcome?.error !== undefined) throw outcome.error;
}

/** The names of the topics that are known. */
export function topicNames({ image }: Pick<MetadataManager, 'image'>): readonly string[] {
  return Array.from(image.topics, ({ name }) => name).toSorted();
}
