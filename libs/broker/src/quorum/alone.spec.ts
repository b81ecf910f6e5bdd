import { afterEach, describe, expect, it } from '@jest/globals';
import { AddRaftVoter, DescribeQuorum, Vote, errorName } from '@trunkline/protocol';
import { ZERO_UUID } from '@trunkline/kernel';
import { type TestBroker, type TestCluster, startTestBroker, startTestCluster } from '@trunkline/testing';

let broker: TestBroker | undefined;
let cluster: TestCluster | undefined;
afterEach(async () => {
  await broker?.stop();
  await cluster?.stop();
  broker = undefined;
  cluster = undefined;
});

describe('a node that is its own cluster', () => {
  it('tells of a quorum of one', async () => {
    broker = await startTestBroker();
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const told = await broker.send(DescribeQuorum, 2, { topics });
    const { nodeId } = broker.broker.parts.config;
    const { directoryId } = broker.broker.parts;
    expect(told.topics[0]!.partitions[0]).toMatchObject({
      errorCode: 0,
      leaderId: nodeId,
      currentVoters: [{ replicaId: nodeId, replicaDirectoryId: directoryId }],
      observers: [],
    });
  });

  it.each([0, 1])('tells of it to clients that know no directories, in version %i', async (version) => {
    broker = await startTestBroker();
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const told = await broker.send(DescribeQuorum, version, { topics });
    const { nodeId } = broker.broker.parts.config;
    expect(told.errorCode).toBe(0);
    expect(told.topics[0]!.partitions[0]).toMatchObject({ leaderId: nodeId, currentVoters: [{ replicaId: nodeId }] });
  });

  it('takes no voters, and votes for nobody', async () => {
    broker = await startTestBroker();
    const added = await broker.send(AddRaftVoter, 1, {
      clusterId: null,
      timeoutMs: 1,
      voterId: 2,
      voterDirectoryId: ZERO_UUID,
      listeners: [],
    });
    expect(errorName(added.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    await expect(broker.connect().send(Vote, 2, { topics: [] })).rejects.toThrow(/closed by the broker/);
  });

  it('does not start on a directory of a cluster’s node, nor the other way round', async () => {
    cluster = await startTestCluster({ nodes: 1 });
    const { dataDir } = cluster.node(1);
    await cluster.stopNode(1);
    const config = { 'node.id': '1' };
    await expect(startTestBroker({ dataDir, config })).rejects.toThrow(/is a replica of a cluster's metadata/);
    broker = await startTestBroker();
    const voters = { ...config, 'controller.quorum.voters': '1@127.0.0.1:9092' };
    await expect(broker.restart(voters)).rejects.toThrow(/holds the metadata of a cluster of one/);
  });
});
