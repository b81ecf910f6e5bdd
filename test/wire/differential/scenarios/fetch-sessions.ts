import { Fetch } from '@trunkline/protocol';
import { type FetchWish, batch, fetchBody, fill } from '../batches.js';
import type { Conversation } from '../conversation.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, type Topic, makeTopic } from '../topics.js';

/** A consumer that holds one session. Asks without waiting; every answer is kept. */
class Session {
  id = 0;
  epoch = 0;

  private constructor(
    private readonly on: Conversation,
    readonly client: Awaited<ReturnType<Conversation['connect']>>,
    private readonly version: number,
  ) {}

  static async of(on: Conversation, version = 12): Promise<Session> {
    return new Session(on, await on.connect(), version);
  }

  async ask(label: string, topics: readonly Topic[], wish: FetchWish = {}, forgotten: readonly Topic[] = []) {
    const body = {
      ...fetchBody(topics, { sessionId: this.id, sessionEpoch: this.epoch, ...wish }),
      forgottenTopicsData: forgotten.map(({ name, id }) => ({ topic: name, topicId: id, partitions: [0] })),
    };
    const answer = await this.on.ask(this.client, label, Fetch, this.version, body);
    if (answer?.errorCode !== 0) return;
    this.id = answer.sessionId;
    this.epoch += 1;
  }
}

async function topicOf(on: Conversation, session: Session, base: string): Promise<Topic> {
  const topic = await makeTopic(on, session.client, `session-${base}`);
  await fill(session.client, topic, [batch(['a', 'b'])]);
  return topic;
}

const EDGES = scenarios('fetch session', {
  'an unknown id': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'id');
    await session.ask('unknown', [topic], { sessionId: 12_345, sessionEpoch: 1 });
    await session.ask('unknown, to end it', [topic], { sessionId: 12_345, sessionEpoch: -1 });
    await session.ask('unknown, to begin', [topic], { sessionId: 12_345, sessionEpoch: 0 });
  },
  'a wrong epoch': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'epoch');
    await session.ask('begins', [topic]);
    await session.ask('too new', [], { sessionEpoch: 7 });
    await session.ask('right', []);
    await session.ask('again', [], { sessionEpoch: 1 });
    await session.ask('right after that', []);
  },
  'without an id and with an epoch': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'no-id');
    await session.ask('epoch 5 of nothing', [topic], { sessionId: 0, sessionEpoch: 5 });
  },
  'partitions come, change and are forgotten': async (on) => {
    const session = await Session.of(on);
    const first = await topicOf(on, session, 'first');
    const second = await topicOf(on, session, 'second');
    await session.ask('begins', [first], { offset: 2 });
    await session.ask('one more', [second], { offset: 2 });
    await session.ask('nothing new', []);
    await fill(session.client, first, [batch(['c'])]);
    await session.ask('new in the first', []);
    await session.ask('asked for further on', [first], { offset: 3 });
    await fill(session.client, second, [batch(['d'])]);
    await session.ask('without the second', [], {}, [second]);
    await session.ask('the second again', [second], { offset: 0 });
    await session.ask('none is left', [], {}, [first, second]);
    await session.ask('and still', []);
  },
  'ending it': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'ends');
    await session.ask('begins', [topic]);
    const { id } = session;
    await session.ask('ends', [topic], { sessionEpoch: -1 });
    await session.ask('is gone', [], { sessionId: id, sessionEpoch: 1 });
  },
  'beginning anew in its place': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'anew');
    await session.ask('begins', [topic]);
    const { id } = session;
    session.epoch = 0;
    await session.ask('anew', [topic], { offset: 1 });
    on.keep('another id', session.id !== id);
    await session.ask('goes on', []);
    await session.ask('the old one', [], { sessionId: id, sessionEpoch: 1 });
  },
  'an error is told until it ends': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'error');
    await session.ask('begins', [topic], { offset: 9 });
    await session.ask('still', []);
    await session.ask('mended', [topic], { offset: 2 });
    await session.ask('quiet', []);
  },
  'unknown topics in a session, by name': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'by-name');
    await session.ask('begins', [topic, NO_TOPIC], { offset: 2 });
    await session.ask('still', []);
    await session.ask('forgotten', [], {}, [NO_TOPIC]);
    await session.ask('quiet', []);
  },
  'unknown topics in a session, by id': async (on) => {
    const session = await Session.of(on, 13);
    const topic = await topicOf(on, session, 'by-id');
    await session.ask('begins', [topic, NO_TOPIC], { offset: 2 });
    await session.ask('still', []);
    await session.ask('forgotten', [], {}, [NO_TOPIC]);
    await session.ask('quiet', []);
  },
  'a session that changes from names to ids': async (on) => {
    const named = await Session.of(on, 12);
    const topic = await topicOf(on, named, 'change');
    await named.ask('begins', [topic]);
    const body = fetchBody([topic], { sessionId: named.id, sessionEpoch: 1 });
    await on.ask(named.client, 'by id', Fetch, 13, body);
  },
  'forgetting what it never had': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'never');
    await session.ask('begins', [topic], { offset: 2 });
    await session.ask('forgets', [], {}, [NO_TOPIC]);
    await session.ask('goes on', []);
  },
  'a session from another connection': async (on) => {
    const session = await Session.of(on);
    const topic = await topicOf(on, session, 'connection');
    await session.ask('begins', [topic]);
    const body = fetchBody([], { sessionId: session.id, sessionEpoch: 1 });
    await on.ask(await on.connect(), 'elsewhere', Fetch, 12, body);
  },
  'the order of a session’s partitions turns': async (on) => {
    const session = await Session.of(on);
    const first = await topicOf(on, session, 'turn-a');
    const second = await topicOf(on, session, 'turn-b');
    await session.ask('begins', [first, second], { maxBytes: 1, partitionMaxBytes: 1 });
    await session.ask('the other', [], { maxBytes: 1 });
    await session.ask('the first again', [], { maxBytes: 1 });
  },
});

export const FETCH_SESSIONS: readonly Scenario[] = [
  ...everyVersion('fetch session', Fetch, [7, 18], 'answers what changed', async (on, version) => {
    const session = await Session.of(on, version);
    const topic = await topicOf(on, session, `v${version}`);
    await session.ask('begins', [topic]);
    await session.ask('the same again', []);
    await session.ask('further on', [topic], { offset: 2 });
    await session.ask('nothing new', []);
    await fill(session.client, topic, [batch(['c'])]);
    await session.ask('new', []);
  }),
  ...EDGES,
];
