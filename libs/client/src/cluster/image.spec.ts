import { describe, expect, it } from '@jest/globals';
import { type Uuid, ZERO_UUID } from '@trunkline/kernel';
import { EMPTY_IMAGE, type MetadataAnswer, imageAfter, imageAfterLeader, imageWithout } from './image.js';

const FIRST_ID = 'AAAAAAAAAAAAAAAAAAAAAQ' as Uuid;
const SECOND_ID = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid;

interface Told {
  readonly name: string;
  readonly topicId?: Uuid;
  readonly errorCode?: number;
  /** Leader and epoch by partition. */
  readonly leaders?: readonly (readonly [leader: number, epoch: number])[];
}

function answer(topics: readonly Told[], brokers: readonly number[] = [1, 2]): MetadataAnswer {
  return {
    throttleTimeMs: 0,
    brokers: brokers.map((nodeId) => ({ nodeId, host: `10.0.0.${nodeId}`, port: 9092, rack: null })),
    clusterId: 'c',
    controllerId: 1,
    clusterAuthorizedOperations: 0,
    errorCode: 0,
    topics: topics.map(({ name, topicId = FIRST_ID, errorCode = 0, leaders = [] }) => ({
      errorCode,
      name,
      topicId,
      isInternal: false,
      topicAuthorizedOperations: 0,
      partitions: leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId,
        leaderEpoch,
        replicaNodes: [1, 2],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    })),
  };
}

const one = imageAfter(EMPTY_IMAGE, answer([{ name: 'a', leaders: [[1, 5]] }]));
const leaderOf = (image: typeof one, topic = 'a', partition = 0): readonly [number, number] | undefined => {
  const found = image.topics.get(topic)?.partitions[partition];
  return found && [found.leader, found.leaderEpoch];
};

describe('the image of a cluster', () => {
  it('knows brokers, topics and topics by id', () => {
    expect([...one.brokers.keys()]).toEqual([1, 2]);
    expect(one.topicsById.get(FIRST_ID)).toBe(one.topics.get('a'));
    expect(leaderOf(one)).toEqual([1, 5]);
  });

  it('keeps topics that an answer does not tell of', () => {
    const next = imageAfter(one, answer([{ name: 'b', topicId: SECOND_ID, leaders: [[2, 1]] }]));
    expect([...next.topics.keys()]).toEqual(['a', 'b']);
  });

  it('never changes an image that it gave out', () => {
    const before = JSON.stringify([...one.topics]);
    imageAfter(one, answer([{ name: 'a', leaders: [[2, 6]] }]));
    expect(JSON.stringify([...one.topics])).toBe(before);
    expect(Object.isFrozen(one.topics.get('a')?.partitions)).toBe(true);
  });

  it('takes a leader of a later epoch', () => {
    expect(leaderOf(imageAfter(one, answer([{ name: 'a', leaders: [[2, 6]] }])))).toEqual([2, 6]);
  });

  it('ignores a leader of an earlier epoch', () => {
    expect(leaderOf(imageAfter(one, answer([{ name: 'a', leaders: [[2, 4]] }])))).toEqual([1, 5]);
  });

  it('takes whatever epoch with another topic id: that is another topic', () => {
    const next = imageAfter(one, answer([{ name: 'a', topicId: SECOND_ID, leaders: [[2, 0]] }]));
    expect(leaderOf(next)).toEqual([2, 0]);
    expect(next.topicsById.has(FIRST_ID)).toBe(false);
  });

  it('holds to epochs with brokers that tell no topic ids', () => {
    const old = imageAfter(EMPTY_IMAGE, answer([{ name: 'a', topicId: ZERO_UUID, leaders: [[1, 5]] }]));
    expect(old.topicsById.size).toBe(0);
    expect(leaderOf(imageAfter(old, answer([{ name: 'a', topicId: ZERO_UUID, leaders: [[2, 4]] }])))).toEqual([1, 5]);
  });

  it('takes every leader from brokers that tell no epochs', () => {
    const old = imageAfter(EMPTY_IMAGE, answer([{ name: 'a', leaders: [[1, -1]] }]));
    expect(leaderOf(imageAfter(old, answer([{ name: 'a', leaders: [[2, -1]] }])))).toEqual([2, -1]);
  });

  it('forgets a topic that the brokers do not know any more', () => {
    for (const errorCode of [3, 17, 100])
      expect(imageAfter(one, answer([{ name: 'a', errorCode }])).topics.has('a')).toBe(false);
  });

  it('keeps what it knew of a topic that has trouble at the moment', () => {
    expect(leaderOf(imageAfter(one, answer([{ name: 'a', errorCode: 5 }])))).toEqual([1, 5]);
  });

  it('knows partitions that were added', () => {
    const leaders = [
      [1, 5],
      [2, 0],
    ] as const;
    expect(leaderOf(imageAfter(one, answer([{ name: 'a', leaders }])), 'a', 1)).toEqual([2, 0]);
  });

  it('leaves out partitions behind a gap and those that come twice', () => {
    const told = answer([
      {
        name: 'a',
        leaders: [
          [1, 5],
          [1, 5],
          [1, 5],
        ],
      },
    ]);
    const [topic] = told.topics;
    const indexes = [0, 0, 2_000_000_000];
    const partitions = topic!.partitions.map((one, at) => ({ ...one, partitionIndex: indexes[at]! }));
    const next = imageAfter(EMPTY_IMAGE, { ...told, topics: [{ ...topic!, partitions }] });
    expect(next.topics.get('a')?.partitions).toHaveLength(1);
  });

  it('drops brokers that are not named any more', () => {
    expect([...imageAfter(one, answer([], [2])).brokers.keys()]).toEqual([2]);
  });

  it('can be without a topic', () => {
    expect(imageWithout(one, ['a']).topics.size).toBe(0);
    expect(imageWithout(one, ['b'])).toBe(one);
  });
});

describe('a leader that a broker told of', () => {
  const node = { nodeId: 3, host: '10.0.0.3', port: 9092, rack: undefined };

  it('is used when its epoch is later', () => {
    expect(leaderOf(imageAfterLeader(one, 'a', 0, { nodeId: 2, epoch: 6 }))).toEqual([2, 6]);
  });

  it('may be a broker that is new', () => {
    const next = imageAfterLeader(one, 'a', 0, { nodeId: 3, epoch: 6 }, node);
    expect(next.brokers.get(3)).toEqual(node);
    expect(next.topicsById.get(FIRST_ID)).toBe(next.topics.get('a'));
  });

  for (const [what, topic, partition, leader] of [
    ['of the same epoch', 'a', 0, { nodeId: 2, epoch: 5 }],
    ['of an earlier epoch', 'a', 0, { nodeId: 2, epoch: 4 }],
    ['without an id', 'a', 0, { nodeId: -1, epoch: 9 }],
    ['that nobody knows', 'a', 0, { nodeId: 9, epoch: 9 }],
    ['of an unknown partition', 'a', 7, { nodeId: 2, epoch: 9 }],
    ['of an unknown topic', 'z', 0, { nodeId: 2, epoch: 9 }],
  ] as const)
    it(`is ignored when it is one ${what}`, () => {
      expect(imageAfterLeader(one, topic, partition, leader)).toBe(one);
    });
});
