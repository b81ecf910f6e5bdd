import { DescribeProducers, InitProducerId } from '@trunkline/protocol';
import { batch, produce } from '../batches.js';
import { type RawClient, until } from '@trunkline/testing';
import type { Conversation } from '../conversation.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, makeTopic } from '../topics.js';

const SEQUENCE_MAX = 2_147_483_647;

interface Producer {
  readonly producerId: bigint;
  /** Produces records of a sequence and an epoch; keeps the answer. */
  readonly send: (sequence: number, count?: number, epoch?: number) => Promise<void>;
  readonly topic: Topic;
}

async function producer(on: Conversation, base: string): Promise<Producer> {
  const client = await on.connect();
  const topic = await makeTopic(on, client, base);
  const producerId = await newProducerId(client);
  const send = async (baseSequence: number, count = 1, producerEpoch = 0): Promise<void> => {
    const values = Array.from({ length: count }, (_, index) => `${baseSequence}+${index}`);
    const records = batch(values, { producerId, producerEpoch, baseSequence });
    await produce(on, client, `${count} from ${baseSequence}, epoch ${producerEpoch}`, topic, records);
  };
  return { producerId, send, topic };
}

/** Apache Kafka's first answers say that it has no ids yet. */
async function newProducerId(client: RawClient): Promise<bigint> {
  return until('a producer id', async () => {
    const body = { transactionalId: null, transactionTimeoutMs: 1 };
    const { errorCode, producerId } = await client.send(InitProducerId, 4, body);
    return errorCode === 0 ? producerId : undefined;
  });
}

/** Sends batches of one producer: sequence, count, epoch. */
const sends =
  (base: string, ...batches: readonly (readonly [number, number?, number?])[]) =>
  async (on: Conversation): Promise<void> => {
    const { send } = await producer(on, base);
    for (const [sequence, count, epoch] of batches) await send(sequence, count, epoch);
  };

export const PRODUCERS: readonly Scenario[] = [
  ...everyVersion('producers', InitProducerId, [0, 5], 'gives an id', async (on, version) => {
    const client = await on.connect();
    await newProducerId(client);
    await on.ask(client, 'none', InitProducerId, version, { transactionalId: null, transactionTimeoutMs: 1 });
  }),
  ...scenarios('producers', {
    'ids of an idempotent producer are new each time': async (on) => {
      const client = await on.connect();
      const body = { transactionalId: null, transactionTimeoutMs: -1, producerId: 5n, producerEpoch: 3 };
      const first = await on.ask(client, 'first', InitProducerId, 4, body);
      const second = await on.ask(client, 'second', InitProducerId, 4, body);
      on.keep('differ', first?.producerId !== second?.producerId);
    },
    'only one of producer id and epoch': async (on) => {
      const client = await on.connect();
      const base = { transactionalId: null, transactionTimeoutMs: 1000 };
      await on.ask(client, 'id', InitProducerId, 4, { ...base, producerId: 5n });
      await on.ask(client, 'epoch', InitProducerId, 4, { ...base, producerEpoch: 5 });
    },
    'an empty transactional id': async (on) => {
      const body = { transactionalId: '', transactionTimeoutMs: 1000 };
      await on.ask(await on.connect(), 'empty', InitProducerId, 4, body);
    },
    'sequences follow each other': sends('follow', [0, 2], [2, 1], [3, 3]),
    'a duplicate of the last batch': sends('duplicate', [0, 2], [2, 1], [2, 1]),
    'a duplicate of each of the last five batches': sends(
      'five',
      ...[0, 1, 2, 3, 4].map((at) => [at] as const),
      ...[0, 1, 2, 3, 4].map((at) => [at] as const),
      [5],
    ),
    'a duplicate that is older than five batches': sends('older', [0], [1], [2], [3], [4], [5], [0], [6]),
    'a batch that begins as a duplicate and is longer': sends('overlap', [0, 2], [0, 3], [1, 1]),
    'a gap': sends('gap', [0], [5], [1]),
    'a first sequence that is not 0': sends('first', [7], [8], [10]),
    'a new epoch begins at 0': sends('epoch', [0], [1, 1, 1], [0, 1, 1], [1, 1, 1]),
    'an old epoch': sends('old', [0, 1, 2], [1, 1, 1], [0, 1, 0], [1, 1, 2]),
    'sequences wrap': sends('wrap', [SEQUENCE_MAX - 1, 2], [0, 1], [1, 1]),
    'sequences wrap within a batch': sends('wrap-within', [SEQUENCE_MAX, 3], [2, 1], [SEQUENCE_MAX, 3], [4, 1]),
    'a negative epoch': sends('negative-epoch', [0, 1, -1]),
    'batches without a producer between its batches': async (on) => {
      const { send, topic } = await producer(on, 'between');
      await send(0);
      await produce(on, await on.connect(), 'nobody', topic, batch(['x']));
      await send(1);
    },
    'DescribeProducers shows what a partition knows': async (on) => {
      const { send, topic } = await producer(on, 'describe-producers');
      const client = await on.connect();
      const body = { topics: [{ name: topic.name, partitionIndexes: [0] }] };
      await on.ask(client, 'before', DescribeProducers, 0, body);
      await send(0, 3, 1);
      await on.ask(client, 'after', DescribeProducers, 0, body);
    },
    'DescribeProducers of what is not there': async (on) => {
      const client = await on.connect();
      const { name } = await makeTopic(on, client, 'describe-none');
      const unknown = { name: NO_TOPIC.name, partitionIndexes: [0] };
      await on.ask(client, 'unknown', DescribeProducers, 0, {
        topics: [{ name, partitionIndexes: [4, 0, -1] }, unknown, { name: 'a b', partitionIndexes: [0] }],
      });
      await on.ask(client, 'nothing', DescribeProducers, 0, { topics: [] });
    },
  }),
];
