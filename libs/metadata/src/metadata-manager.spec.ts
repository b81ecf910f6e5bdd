import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodeId, silentLogger, type Uuid } from '@trunkline/kernel';
import { crc32c, NodeDisk, nodeClock, nodeRandom } from '@trunkline/platform';
import { DiskMetadataLog } from './disk-metadata-log.js';
import { logConfigOf } from './config/topic-config.js';
import { MetadataManager } from './metadata-manager.js';

const statics = { nodeId: nodeId(1), values: new Map([['num.partitions', '4']]) };
const one = { partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] };

describe('MetadataManager', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'metadata-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const open = async (): Promise<MetadataManager> => {
    const log = new DiskMetadataLog({ disk: new NodeDisk(), dir, clock: nodeClock, crc32c, logger: silentLogger });
    return MetadataManager.open({ log, clusterId: 'c', random: nodeRandom, statics });
  };

  const registered = async (): Promise<MetadataManager> => {
    const manager = await open();
    await manager.submit((controller) =>
      controller.registerBroker({
        brokerId: nodeId(1),
        incarnationId: nodeRandom.uuid(),
        endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
        features: [],
        rack: null,
        logDirs: ['AAAAAAAAAAAAAAAAAAAAAQ' as Uuid],
      }),
    );
    return manager;
  };

  it('answers a creation when listeners have the topic, and knows it after a restart', async () => {
    const manager = await registered();
    const heard: string[] = [];
    await manager.subscribe(async (delta) => {
      await Promise.resolve();
      heard.push(...delta.createdTopics.map(({ name }) => name));
    });
    const configs = [{ name: 'retention.ms', value: '1000' }];
    const [made] = await manager.submit((controller) => controller.createTopics([{ ...one, name: 't', configs }]));
    expect(made).toMatchObject({ name: 't', error: undefined, partitionCount: 4, replicationFactor: 1 });
    expect(heard).toEqual(['t']);
    expect(manager.image.topics.byName('t')?.partitions).toHaveLength(4);
    await manager.close();

    const again = await open();
    expect(again.image.topics.byName('t')).toEqual(manager.image.topics.byName('t'));
    expect(again.image.brokers).toEqual(manager.image.brokers);
    expect(logConfigOf(again.image, statics, 't').retentionMs).toBe(1000);
    expect(logConfigOf(again.image, statics, 'u').retentionMs).toBe(604_800_000);
    await again.close();
  });
});
