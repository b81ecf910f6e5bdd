import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ZERO_UUID } from '@trunkline/kernel';
import { Fetch, errorName } from '@trunkline/protocol';
import { type LinkClient, type TestBroker, until } from '@trunkline/testing';
import {
  type TestTopic,
  batchOf,
  createTopic,
  deleteTopic,
  fetchRequest,
  produce,
  startDataBroker,
  valuesIn,
} from './data-fixture.js';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startDataBroker({ config: { 'max.incremental.fetch.session.cache.slots': '3' } });
});
afterAll(() => broker.stop());

let topics = 0;
const topicOf = () => createTopic(broker, `session-${topics++}`);

/** A client with a fetch session, as KIP-227 has it. */
class Session {
  sessionId = 0;
  sessionEpoch = 0;

  constructor(
    readonly client: LinkClient,
    readonly version: number,
  ) {}

  /** Gives the slot back, as a client does that goes. */
  async end(): Promise<void> {
    const { sessionId } = this;
    await this.client.send(
      Fetch,
      this.version,
      fetchRequest([], { version: this.version, sessionId, sessionEpoch: -1 }),
    );
    this.client.close();
  }

  /** What the answer says of each partition: values, or the error. */
  async fetch(asked: readonly TestTopic[], wish: { offset?: number; maxWaitMs?: number; forget?: TestTopic } = {}) {
    const { sessionId, sessionEpoch, version } = this;
    const request = fetchRequest(asked, { version, sessionId, sessionEpoch, ...wish });
    const { forget } = wish;
    const topic = version >= 13 ? { topicId: forget?.id ?? ZERO_UUID } : { topic: forget?.name ?? '' };
    const forgottenTopicsData = forget === undefined ? [] : [{ ...topic, partitions: [0] }];
    const answer = await this.client.send(Fetch, version, { ...request, forgottenTopicsData });
    if (answer.errorCode !== 0) return errorName(answer.errorCode);
    this.sessionId = answer.sessionId;
    this.sessionEpoch += 1;
    return answer.responses.flatMap(({ partitions }) =>
      partitions.map(({ errorCode, records }) => (errorCode === 0 ? valuesIn(records) : errorName(errorCode))),
    );
  }
}

describe.each([12, 13])('a fetch session of version %i', (version) => {
  it('tells what is new, and nothing twice', async () => {
    const [first, second] = [await topicOf(), await topicOf()];
    await produce(broker, first, batchOf(['a']));
    const session = new Session(broker.connect(), version);
    expect(await session.fetch([first, second])).toEqual([['a'], []]);
    expect(session.sessionId).toBeGreaterThan(0);
    expect(await session.fetch([first], { offset: 1 })).toEqual([]);
    await produce(broker, second, batchOf(['b']));
    expect(await session.fetch([])).toEqual([['b']]);
    expect(await session.fetch([second], { offset: 1 })).toEqual([]);
    expect(await session.fetch([], { forget: second })).toEqual([]);
    await produce(broker, second, batchOf(['c']));
    expect(await session.fetch([])).toEqual([]);
    await session.end();
  });

  it('is woken while it waits', async () => {
    const topic = await topicOf();
    const session = new Session(broker.connect(), version);
    await session.fetch([topic]);
    const waits = session.fetch([], { maxWaitMs: 60_000 });
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await produce(broker, topic, batchOf(['news']));
    expect(await waits).toEqual([['news']]);
    await session.end();
  });

  it('tells of a topic that goes, and waits from then on instead of saying it again at once', async () => {
    const topic = await topicOf();
    const session = new Session(broker.connect(), version);
    await session.fetch([topic]);
    const waits = session.fetch([], { maxWaitMs: 60_000 });
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    await deleteTopic(broker, topic);
    expect(await waits).toEqual(['UNKNOWN_TOPIC_OR_PARTITION']);
    const again = session.fetch([], { maxWaitMs: 50 });
    await until('it is parked', () => broker.broker.parts.delayed.waiting === 1);
    expect(await again).toEqual(['UNKNOWN_TOPIC_OR_PARTITION']);
    const anew = await createTopic(broker, topic.name);
    await produce(broker, anew, batchOf(['other']));
    expect(await session.fetch([])).toEqual([version >= 13 ? 'INCONSISTENT_TOPIC_ID' : ['other']]);
    await session.end();
  });
});

describe('fetch sessions', () => {
  it('refuse an unknown id, a wrong epoch, and a change between names and ids', async () => {
    const topic = await topicOf();
    const session = new Session(broker.connect(), 12);
    await session.fetch([topic]);
    const wrong = new Session(session.client, 12);
    wrong.sessionId = session.sessionId;
    wrong.sessionEpoch = 7;
    expect(await wrong.fetch([])).toBe('INVALID_FETCH_SESSION_EPOCH');
    wrong.sessionId = 12345;
    expect(await wrong.fetch([])).toBe('FETCH_SESSION_ID_NOT_FOUND');
    const byId = new Session(session.client, 13);
    byId.sessionId = session.sessionId;
    byId.sessionEpoch = 1;
    expect(await byId.fetch([])).toBe('FETCH_SESSION_TOPIC_ID_ERROR');
    expect(await session.fetch([])).toEqual([]);
    await session.end();
  });

  it('are told to those who come too late that there is none, and serve them in full', async () => {
    const topic = await topicOf();
    await produce(broker, topic, batchOf(['a']));
    const client = broker.connect();
    const sessions = Array.from({ length: 5 }, () => new Session(client, 12));
    for (const session of sessions) expect(await session.fetch([topic])).toEqual([['a']]);
    expect(broker.broker.parts.fetches.sessions.size).toBe(3);
    expect(sessions.at(-1)!.sessionId).toBe(0);
    client.close();
  });
});
