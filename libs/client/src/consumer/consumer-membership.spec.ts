import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OffsetFetch } from '@trunkline/protocol';
import { until } from '@trunkline/testing';
import { type TestClient, clusterThat, startTestClient } from '../../test/test-client.js';
import type { KafkaClient } from '../client.js';
import type { Cluster } from '../cluster/cluster.js';
import type { TopicPartition } from '../topic-partition.js';
import { Consumer } from './consumer.js';

/** The cluster as one sees it for whom committed offsets take until `opened`. */
function slowOffsets(cluster: Cluster, opened: Promise<void>): Cluster {
  return clusterThat(cluster, async (api, options) => {
    if (api.key === OffsetFetch.key) await opened;
    return options;
  });
}

describe('a consumer in a group', () => {
  let test: TestClient;
  let client: KafkaClient;
  beforeAll(async () => {
    test = await startTestClient();
    ({ client } = test);
  });
  afterAll(() => test?.close());

  it('hears nothing of a partition that is taken before its position is known', async () => {
    let open: () => void = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const group = { groupId: 'slow', topics: ['mail'], heartbeatMs: 50 };
    const heard: string[] = [];
    const hear = (what: string) => (partitions: readonly TopicPartition[]) =>
      void heard.push(`${what} ${partitions.map(({ partition }) => partition).join()}`);
    const first = new Consumer(slowOffsets(client.cluster, opened), { reset: 'earliest' });
    const listener = { onAssigned: hear('gets'), onRevoked: hear('loses'), onLost: hear('loses') };
    await first.subscribe(group, listener);
    const second = client.consumer({ reset: 'earliest' });
    await second.subscribe(group);
    await until('the second has one of two', () => second.assignment.length === 1);
    open();
    await until('the first has the other', () => first.assignment.length === 1);
    const [kept] = first.assignment;
    await until('the first hears of it', () => heard.length > 0);
    expect(heard).toEqual([`gets ${kept!.partition}`]);
    await second.close();
    await first.close();
    expect(heard.filter((line) => line.startsWith('loses')).join()).toContain(String(kept!.partition));
  });
});
