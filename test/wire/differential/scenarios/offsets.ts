import { DeleteRecords, ListOffsets, OffsetForLeaderEpoch } from '@trunkline/protocol';
import { MOMENT_MS, batch, fill } from '../batches.js';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, makeGroup, makeTopic } from '../topics.js';

type Client = Awaited<ReturnType<Conversation['connect']>>;

async function filled(on: Conversation, client: Client, base: string): Promise<Topic> {
  const topic = await makeTopic(on, client, base);
  const at = (...plus: number[]) => plus.map((ms) => ({ value: null, timestampMs: MOMENT_MS + ms }));
  await fill(client, topic, [
    batch(at(0, 10, 20)),
    batch(at(100, 50, 200, 150), { compression: 'lz4' }),
    batch(at(120, 130), { compression: 'gzip' }),
  ]);
  return topic;
}

function listBody({ name }: Topic, timestamps: readonly number[], currentLeaderEpoch = -1, partitionIndex = 0) {
  const partitions = timestamps.map((at) => ({ partitionIndex, currentLeaderEpoch, timestamp: BigInt(at) }));
  return { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }], timeoutMs: 1000 };
}

const SPECIAL = [-1, -2, -3, -4, -5, -6, -7];

const LIST = scenarios('list offsets', {
  'by time, within batches': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'by-time');
    for (const plus of [-1000, 0, 1, 10, 15, 21, 50, 60, 100, 101, 120, 149, 150, 151, 200, 201, 9999]) {
      await on.ask(client, `${plus} ms`, ListOffsets, 7, listBody(topic, [MOMENT_MS + plus]));
    }
    await on.ask(client, 'time 0', ListOffsets, 7, listBody(topic, [0]));
  },
  'of an empty log': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'list-empty');
    for (const at of [...SPECIAL, 0, MOMENT_MS]) await on.ask(client, `${at}`, ListOffsets, 11, listBody(topic, [at]));
  },
  'the largest time of LogAppendTime': async (on) => {
    const client = await on.connect();
    const configs = { 'message.timestamp.type': 'LogAppendTime' };
    const topic = await makeTopic(on, client, 'list-append-time', { configs });
    await fill(client, topic, [batch(['a', 'b', 'c'])]);
    await on.ask(client, 'largest', ListOffsets, 8, listBody(topic, [-3]), { differs: ['timestamp'] });
    await on.ask(client, 'the first', ListOffsets, 8, listBody(topic, [MOMENT_MS]), { differs: ['timestamp'] });
  },
  'after records were deleted': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-deleted');
    await client.send(DeleteRecords, 2, deleteBody(topic, [5]));
    for (const at of [-1, -2, -3, -4, MOMENT_MS, MOMENT_MS + 121]) {
      await on.ask(client, `${at - MOMENT_MS}`, ListOffsets, 8, listBody(topic, [at]));
    }
  },
  'a partition that is named twice': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-twice');
    await on.ask(client, 'twice', ListOffsets, 5, listBody(topic, [-1, -2]));
    const [asked] = listBody(topic, [-1]).topics;
    const body = { ...listBody(topic, []), topics: [asked!, asked!] };
    await on.ask(client, 'the topic twice', ListOffsets, 5, body);
  },
  'unknown topics and partitions': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-unknown');
    for (const version of [1, 4, 11]) {
      await on.ask(client, 'no topic', ListOffsets, version, listBody(NO_TOPIC, [-1]));
      await on.ask(client, 'no partition', ListOffsets, version, listBody(topic, [-2], -1, 9));
    }
    await on.ask(client, 'nothing', ListOffsets, 5, { ...listBody(topic, []), topics: [] });
    await on.ask(client, 'no partitions', ListOffsets, 5, listBody(topic, []));
    await on.ask(client, 'bad letters', ListOffsets, 5, listBody({ ...NO_TOPIC, name: 'a b' }, [-1]));
  },
  'leader epochs': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-epochs');
    for (const epoch of [0, 1, -1, -2]) {
      await on.ask(client, `epoch ${epoch}`, ListOffsets, 5, listBody(topic, [-1], epoch));
      await on.ask(client, `epoch ${epoch}, by time`, ListOffsets, 5, listBody(topic, [MOMENT_MS], epoch));
    }
  },
  'read_committed without transactions': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-committed');
    for (const at of [-1, -2, -3, MOMENT_MS + 60]) {
      await on.ask(client, `${at}`, ListOffsets, 8, { ...listBody(topic, [at]), isolationLevel: 1 });
    }
  },
  'as a replica and for debugging': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-replica');
    for (const replicaId of [1, 7, -2]) {
      await on.ask(client, `replica ${replicaId}`, ListOffsets, 5, { ...listBody(topic, [-1]), replicaId });
    }
  },
});

const TIMELESS = scenarios('list offsets', {
  'of records without a time': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'list-timeless');
    await fill(client, topic, [batch([{ value: null }, { value: null }])]);
    for (const at of [-1, -3, 0, 5]) await on.ask(client, `${at}`, ListOffsets, 8, listBody(topic, [at]));
  },
});

const ISOLATION = scenarios('list offsets', {
  'an isolation level that nobody has defined': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'list-level');
    await on.ask(client, 'level 7', ListOffsets, 8, { ...listBody(topic, [-1]), isolationLevel: 7 });
  },
});

function deleteBody({ name }: Topic, offsets: readonly number[], partitionIndex = 0) {
  const partitions = offsets.map((offset) => ({ partitionIndex, offset: BigInt(offset) }));
  return { topics: [{ name, partitions }], timeoutMs: 10_000 };
}

const DELETE = scenarios('delete records', {
  'below, at and above what is there': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'delete');
    for (const offset of [4, 2, 4, 0, 100, 10, -2, 9, 9, -1]) {
      await on.ask(client, `to ${offset}`, DeleteRecords, 2, deleteBody(topic, [offset]));
    }
  },
  '-1 is the high watermark': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'delete-all');
    await on.ask(client, 'all', DeleteRecords, 1, deleteBody(topic, [-1]));
    await on.ask(client, 'then', ListOffsets, 5, listBody(topic, [-2]));
    await fill(client, topic, [batch(['a'])]);
    await on.ask(client, 'the end then', ListOffsets, 5, listBody(topic, [-1]));
  },
  'unknown topics and partitions': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'delete-unknown');
    await on.ask(client, 'no topic', DeleteRecords, 2, deleteBody(NO_TOPIC, [0]));
    await on.ask(client, 'no partition', DeleteRecords, 2, deleteBody(topic, [0], 9));
    await on.ask(client, 'nothing', DeleteRecords, 2, { topics: [], timeoutMs: 1000 });
    await on.ask(client, 'no partitions', DeleteRecords, 2, deleteBody(topic, []));
  },
  'of a compacted topic': async (on) => {
    const client = await on.connect();
    const compact = await makeTopic(on, client, 'delete-compact', { configs: { 'cleanup.policy': 'compact' } });
    await on.ask(client, 'compact', DeleteRecords, 2, deleteBody(compact, [0]));
    const configs = { 'cleanup.policy': 'compact,delete' };
    const both = await makeTopic(on, client, 'delete-both', { configs });
    await on.ask(client, 'compact and delete', DeleteRecords, 2, deleteBody(both, [0]));
  },
  'of the offsets topic': async (on) => {
    const body = deleteBody({ ...NO_TOPIC, name: '__consumer_offsets' }, [0]);
    const client = await on.connect();
    await makeGroup(on, client, 'delete-internal');
    await on.ask(client, 'internal', DeleteRecords, 2, body);
  },
});

function epochBody({ name }: Topic, epochs: readonly number[], currentLeaderEpoch = -1, partition = 0) {
  const partitions = epochs.map((leaderEpoch) => ({ partition, currentLeaderEpoch, leaderEpoch }));
  return { replicaId: -1, topics: [{ topic: name, partitions }] };
}

const EPOCHS = scenarios('epochs', {
  'current, future and past': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'for-epoch');
    for (const epoch of [0, 1, 50, -1]) {
      await on.ask(client, `epoch ${epoch}`, OffsetForLeaderEpoch, 4, epochBody(topic, [epoch]));
    }
    for (const current of [0, 1, -1, -2]) {
      await on.ask(client, `current ${current}`, OffsetForLeaderEpoch, 3, epochBody(topic, [0], current));
    }
  },
  'of an empty log': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'epoch-empty');
    for (const epoch of [0, 1]) {
      await on.ask(client, `epoch ${epoch}`, OffsetForLeaderEpoch, 4, epochBody(topic, [epoch]));
    }
  },
  'unknown topics and partitions': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'epoch-unknown');
    await on.ask(client, 'no topic', OffsetForLeaderEpoch, 4, epochBody(NO_TOPIC, [0]));
    await on.ask(client, 'no partition', OffsetForLeaderEpoch, 4, epochBody(topic, [0], -1, 9));
    await on.ask(client, 'nothing', OffsetForLeaderEpoch, 4, { replicaId: -1, topics: [] });
    await on.ask(client, 'as a replica', OffsetForLeaderEpoch, 3, { ...epochBody(topic, [0]), replicaId: 7 });
  },
});

const BELOW_ZERO = scenarios('epochs', {
  'an epoch below -1': async (on) => {
    const client = await on.connect();
    const topic = await filled(on, client, 'epoch-negative');
    await on.ask(client, 'epoch -2', OffsetForLeaderEpoch, 4, epochBody(topic, [-2]));
  },
});

export const OFFSETS: readonly Scenario[] = [
  ...everyVersion('list offsets', ListOffsets, [1, 11], 'beginning, end and time', async (on, version) => {
    const client = await on.connect();
    const topic = await filled(on, client, `list-v${version}`);
    for (const at of [...SPECIAL, MOMENT_MS + 60]) {
      await on.ask(client, `${at}`, ListOffsets, version, listBody(topic, [at]));
    }
  }),
  ...LIST,
  ...TIMELESS.map((scenario) =>
    decided(scenario, 'without times there is no largest: -1, -1; Apache Kafka names the first offset at time -1'),
  ),
  ...ISOLATION.map((scenario) =>
    decided(scenario, 'Apache Kafka stumbles with UNKNOWN_SERVER_ERROR; ours says INVALID_REQUEST'),
  ),
  ...everyVersion('delete records', DeleteRecords, [0, 2], 'moves the start', async (on, version) => {
    const client = await on.connect();
    const topic = await filled(on, client, `delete-v${version}`);
    await on.ask(client, 'two', DeleteRecords, version, deleteBody(topic, [2]));
    await on.ask(client, 'start', ListOffsets, 5, listBody(topic, [-2]));
  }),
  ...DELETE,
  ...everyVersion('epochs', OffsetForLeaderEpoch, [2, 4], 'tells the end', async (on, version) => {
    const client = await on.connect();
    const topic = await filled(on, client, `epoch-v${version}`);
    await on.ask(client, 'current', OffsetForLeaderEpoch, version, epochBody(topic, [0]));
  }),
  ...EPOCHS,
  ...BELOW_ZERO.map((scenario) =>
    decided(scenario, 'no epoch is below zero; Apache Kafka takes -2 for one before the first and gives it back'),
  ),
];
