import { describe, expect, it } from '@jest/globals';
import { Script, holding } from '../../test/share-script.js';

describe('share sessions', () => {
  it('open with epoch 0 and all partitions, then name only what changes', () => {
    const script = new Script().assign('0@1 1@1').want().send().fetched(1);
    script.nowMs = 490;
    script.want().send().fetched(1);
    script.assign('1@1 2@1').want().send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 0 500 in 500 ms [0; 1]
     1 < fetch 1 500 in 500 ms"
    `);
  });

  it('ask nobody while nobody waits for records', () => {
    expect(new Script().assign('0@1').send().wait().text).toBe('waits');
  });

  it('have one request a leader under way', () => {
    const script = new Script().assign('0@1 1@2').want().send().send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 0 500 in 500 ms [0]
     2 < fetch 0 500 in 500 ms [1]"
    `);
  });

  it('ask one leader after the other when records are limited', () => {
    const script = new Script({ acquireMode: 'record_limit' }).assign('0@1 1@2').want().send().send();
    script.nowMs = 250;
    script.fetched(1).send();
    script.nowMs = 490;
    script.fetched(2).want().send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 0 500 in 250 ms [0]
     2 < fetch 0 500 in 250 ms [1]
     1 < fetch 1 500 in 250 ms"
    `);
  });

  it('carry acknowledgements with the next fetch, and tell what became of them', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    script.sessions.acknowledge(records[1]!, 'release');
    script.sessions.acknowledge(records[2]!, 'reject');
    script.want().send().fetched(1, [{}]);
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 1 500 in 500 ms [0 0-0=1 1-1=2 2-2=3]
     told 0: accept 0-0, release 1-1, reject 2-2: ok"
    `);
  });

  it('send acknowledgements alone on flush, and know when that is settled', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    const words = script.sessions.flush();
    script.send();
    expect(script.sessions.isSettled(words)).toBe(false);
    script.acknowledged(1, [{ error: 'INVALID_RECORD_STATE' }]);
    expect(script.sessions.isSettled(words)).toBe(true);
    expect(script.text).toMatchInlineSnapshot(`
     "1 < acknowledge 1 [0 0-0=1]
     told 0: accept 0-0: INVALID_RECORD_STATE"
    `);
  });

  it('send a renewal at once and without a fetch, and hold the record', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'renew');
    script.want().send().acknowledged(1, [{}]);
    script.sessions.acknowledge(records[0]!, 'accept');
    script.send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < acknowledge 1 renews [0 0-0=4]
     told 0: renew 0-0: ok
     1 < fetch 2 500 in 500 ms [0 0-0=1]"
    `);
  });

  it('do not hold a record whose renewal was refused', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'renew');
    script.send().acknowledged(1, [{ error: 'INVALID_RECORD_STATE' }]);
    expect(() => script.sessions.acknowledge(records[0]!, 'accept')).toThrow(/INVALID_RECORD_STATE/);
  });

  it('refuse a renewal that the broker does not know', () => {
    const script = new Script()
      .assign('0@1')
      .want()
      .send()
      .fetched(1, [{ acquired: [[0, 0, 1]] }], undefined, 1);
    expect(() => script.sessions.acknowledge(script.take()[0]!, 'renew')).toThrow(/UNSUPPORTED_VERSION/);
  });

  it('try again what the broker could not write down, and give up in the end', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    const words = script.sessions.flush();
    script.send();
    for (let time = 0; time < 5; time++) {
      script
        .acknowledged(1, [{ error: 'COORDINATOR_NOT_AVAILABLE' }])
        .wait()
        .send();
      expect(script.sessions.isSettled(words)).toBe(false);
    }
    script.acknowledged(1, [{ error: 'COORDINATOR_NOT_AVAILABLE' }]);
    expect(script.sessions.isSettled(words)).toBe(true);
    expect(script.text).toMatchInlineSnapshot(`
     "1 < acknowledge 1 [0 0-0=1]
     wakes after 100 ms
     1 < acknowledge 2 [0 0-0=1]
     wakes after 200 ms
     1 < acknowledge 3 [0 0-0=1]
     wakes after 400 ms
     1 < acknowledge 4 [0 0-0=1]
     wakes after 800 ms
     1 < acknowledge 5 [0 0-0=1]
     wakes after 1000 ms
     1 < acknowledge 6 [0 0-0=1]
     told 0: accept 0-0: COORDINATOR_NOT_AVAILABLE"
    `);
  });

  it('tell acknowledgements that came to an old leader, and learn the new one', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    script.sessions.flush();
    const leader = { leaderId: 2, leaderEpoch: 7 };
    script.send().acknowledged(1, [{ error: 'NOT_LEADER_OR_FOLLOWER', leader }]);
    script.assign('0@2').want().send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < acknowledge 1 [0 0-0=1]
     learns 0 is led by 2
     told 0: accept 0-0: NOT_LEADER_OR_FOLLOWER
     2 < fetch 0 500 in 500 ms [0]"
    `);
  });

  it('acknowledge records of a partition that is not read any more, without reading it again', () => {
    const { script, records } = holding();
    script.assign('0@1 1@1').want().send().fetched(1).assign('1@1');
    script.nowMs = 500;
    script.want().send().fetched(1);
    script.sessions.acknowledge(records[0]!, 'accept');
    script.want().wait();
    script.want().send();
    expect(script.lines.at(-1)).toBe('1 < fetch 3 500 in 500 ms [0 0-0=1] without 0');
  });

  it('end a session that has no partitions, once nothing of it is held', () => {
    const { script, records } = holding();
    script.assign('0@2').want().send();
    for (const record of records) script.sessions.acknowledge(record, 'accept');
    script.send().acknowledged(1, [{}]).send().acknowledged(1).send();
    expect(script.text).toMatchInlineSnapshot(`
     "2 < fetch 0 500 in 500 ms [0]
     1 < acknowledge 1 [0 0-4=1]
     told 0: accept 0-4: ok
     1 < acknowledge -1"
    `);
  });

  it.each(['SHARE_SESSION_NOT_FOUND', 'SHARE_SESSION_LIMIT_REACHED'] as const)(
    'begin anew after %s, with back-off',
    (error) => {
      const { script, records } = holding();
      script.sessions.acknowledge(records[0]!, 'accept');
      script.want(5_000).send().fetched(1, [], error).send().wait().send();
      script.sessions.acknowledge(records[1]!, 'accept');
      script.news();
      expect(script.lines).toEqual([
        '1 < fetch 1 500 in 500 ms [0 0-0=1]',
        'doubts 0',
        `told 0: accept 0-0: ${error}`,
        'wakes after 100 ms',
        '1 < fetch 0 500 in 500 ms [0]',
        'told 0: accept 1-1: SHARE_SESSION_NOT_FOUND',
      ]);
    },
  );

  it.each(['INVALID_SHARE_SESSION_EPOCH', 'UNKNOWN_SERVER_ERROR'] as const)(
    'end a session first that failed with %s',
    (error) => {
      const { script } = holding();
      script.want(5_000).send().fetched(1, [], error).wait().send().acknowledged(1).send();
      expect(script.lines.slice(1)).toEqual([
        'doubts 0',
        'wakes after 100 ms',
        '1 < acknowledge -1',
        '1 < fetch 0 500 in 500 ms [0]',
      ]);
    },
  );

  it('tell of an unknown error only when it goes on', () => {
    const script = new Script().assign('0@1').want(100_000);
    for (let time = 0; time < 12 && !script.text.includes('fault'); time++) {
      script.send().fetched(1, [], 'UNKNOWN_SERVER_ERROR').wait().send().acknowledged(1);
    }
    expect(script.lines.filter((line) => line.startsWith('fault'))).toEqual(['fault UNKNOWN_SERVER_ERROR']);
    expect(script.lines.filter((line) => line.includes('fetch 0')).length).toBe(9);
  });

  it('lose what is held with the connection, and say so', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    script.want(5_000).send().fail(1);
    script.sessions.acknowledge(records[1]!, 'accept');
    script.news().wait().send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 1 500 in 500 ms [0 0-0=1]
     doubts 0
     told 0: accept 0-0: DISCONNECTED
     told 0: accept 1-1: SHARE_SESSION_NOT_FOUND
     wakes after 100 ms
     1 < fetch 0 500 in 500 ms [0]"
    `);
  });

  it('say which partitions are refused for good, and doubt the others', () => {
    const script = new Script().assign('0@1 1@1').want().send();
    script.fetched(1, [{ error: 'TOPIC_AUTHORIZATION_FAILED' }, { partition: 1, error: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
    expect(script.lines.slice(1)).toEqual(['doubts 1', 'fault TOPIC_AUTHORIZATION_FAILED']);
  });

  it('ask more and more seldom when answers come early and empty', () => {
    const script = new Script().assign('0@1').want(100_000);
    for (let time = 0; time < 9; time++) script.send().fetched(1).wait();
    expect(script.lines.filter((line) => line.startsWith('wakes')).join('\n')).toMatchInlineSnapshot(`
     "wakes after 20 ms
     wakes after 40 ms
     wakes after 80 ms
     wakes after 160 ms
     wakes after 320 ms
     wakes after 640 ms
     wakes after 1000 ms
     wakes after 1000 ms
     wakes after 1000 ms"
    `);
  });

  it('ask more and more seldom when nothing that was acquired is a record', () => {
    const script = new Script().assign('0@1').want(100_000);
    for (let time = 0; time < 7; time++) {
      script.send().fetched(1, [{ acquired: [[10 + time, 10 + time, 1]] }]);
      script.take();
      script.wait();
    }
    expect(script.lines.filter((line) => /wakes|waits/.test(line)).join('\n')).toMatchInlineSnapshot(`
     "waits
     wakes after 2 ms
     wakes after 4 ms
     wakes after 8 ms
     wakes after 16 ms
     wakes after 32 ms
     wakes after 64 ms"
    `);
  });

  it('refuse acquired records that cannot be, and go on', () => {
    const script = new Script()
      .assign('0@1')
      .want()
      .send()
      .fetched(1, [{ acquired: [[4, 2, 1]] }]);
    expect(script.lines.slice(1)).toEqual(['fault PROTOCOL_VIOLATION']);
  });

  it('say that an answer keeps silent about acknowledgements', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    script.want().send().fetched(1);
    expect(script.lines.slice(1)).toEqual(['told 0: accept 0-0: UNKNOWN_SERVER_ERROR']);
  });

  it('give no more than was asked for, and fetch nothing while something waits', () => {
    const script = new Script()
      .assign('0@1')
      .want()
      .send()
      .fetched(1, [{ acquired: [[0, 4, 1]] }]);
    script.take(2);
    script.send();
    script.take(2);
    script.take(2);
    script.send();
    expect(script.text).toMatchInlineSnapshot(`
     "1 < fetch 0 500 in 500 ms [0]
     took 0x1 1x1
     took 2x1 3x1
     took 4x1
     1 < fetch 1 500 in 500 ms"
    `);
  });

  it('do not give out what was locked too long ago', () => {
    const script = new Script()
      .assign('0@1')
      .want()
      .send()
      .fetched(1, [{ acquired: [[0, 4, 1]] }]);
    script.nowMs = 30_001;
    expect(script.take()).toEqual([]);
  });

  it('release what waits of a partition that is not read any more', () => {
    const script = new Script()
      .assign('0@1 1@1')
      .want()
      .send()
      .fetched(1, [{ acquired: [[0, 4, 1]] }]);
    script.assign('1@1').send();
    expect(script.lines.at(-1)).toBe('1 < acknowledge 1 [0 0-4=2]');
  });

  it('fetch nothing while too much is held', () => {
    const { script, records } = holding({ inFlightRecordsMax: 5 });
    script.want().send();
    expect(script.lines).toEqual([]);
    for (const record of records.slice(0, 2)) script.sessions.acknowledge(record, 'accept');
    script.send();
    expect(script.lines).toEqual(['1 < fetch 1 2 in 500 ms [0 0-1=1]']);
  });

  it('forget a record long after its lock, so that its reader does not stand still', () => {
    const { script, records } = holding({ inFlightRecordsMax: 5 });
    script.nowMs = 35_001;
    script.want().send();
    expect(script.lines).toEqual(['1 < fetch 1 5 in 500 ms']);
    expect(() => script.sessions.acknowledge(records[0]!, 'accept')).toThrow(/INVALID_RECORD_STATE/);
  });

  it('take the newer of two deliveries of one record', () => {
    const { script, records } = holding();
    script
      .want()
      .send()
      .fetched(1, [{ acquired: [[0, 0, 2]] }]);
    const [again] = script.take();
    expect(() => script.sessions.acknowledge(records[0]!, 'accept')).toThrow(/delivered again/);
    script.sessions.acknowledge(again!, 'accept');
    expect(script.sessions.holdings.heldCount).toBe(4);
  });

  it('refuse words that are no acknowledgement, and records of others', () => {
    const { script, records } = holding();
    const { records: foreign } = holding();
    expect(() => script.sessions.acknowledge(records[0]!, 'toString' as 'accept')).toThrow(/MISUSE/);
    expect(() => script.sessions.acknowledge(foreign[0]!, 'accept')).toThrow(/MISUSE/);
  });

  it('close by ending each session with what waits, and leave the rest to the broker', () => {
    const { script, records } = holding();
    script.sessions.acknowledge(records[0]!, 'accept');
    script.sessions.close();
    script.send();
    expect(script.sessions.isClosed).toBe(false);
    script.acknowledged(1, [{}]);
    expect(script.lines).toEqual(['1 < acknowledge -1 [0 0-0=1]', 'told 0: accept 0-0: ok']);
    expect(script.sessions.isClosed).toBe(true);
  });

  it('wait with closing for the answer that is under way', () => {
    const script = new Script().assign('0@1').want().send();
    script.sessions.close();
    script
      .send()
      .fetched(1, [{ acquired: [[0, 4, 1]] }])
      .send()
      .acknowledged(1);
    expect(script.lines.slice(1)).toEqual(['1 < acknowledge -1']);
    expect(script.sessions.isClosed).toBe(true);
  });
});
