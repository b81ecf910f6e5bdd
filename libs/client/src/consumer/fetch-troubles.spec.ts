import { describe, expect, it } from '@jest/globals';
import { FetchScript, ONE, TWO, batchAt, code } from '../../test/fetch-script.js';

describe('FetchMachine, when things go wrong,', () => {
  it('asks who leads a partition without a leader, less and less often', () => {
    const script = new FetchScript().image({}).add('t', 0, 0).work();
    script.wait(100).wait(200).image(ONE);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image 
     > add t/0 at 0
       who leads t?
       wake at 100
     > 100 ms later
       who leads t?
       wake at 300
     > 200 ms later
       who leads t?
       wake at 600
     > image t n1e1
       1.0 session 0:0 wait 500: t/0@0"
    `);
  });

  it('uses the leader that an answer names', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.answer(
      '1.0',
      { t: { 0: { ...code('NOT_LEADER_OR_FOLLOWER'), currentLeader: { leaderId: 2, leaderEpoch: 4 } } } },
      { nodeEndpoints: [{ nodeId: 2, host: 'new', port: 1 }] },
    );
    script.image({ t: { partitions: [{ leader: 2, epoch: 4 }] } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers t/0 NOT_LEADER_OR_FOLLOWER
       t/0 is led by n2e4 at new
       wake at 100
     > image t n2e4
       2.0 session 0:0 wait 500: t/0@0"
    `);
  });

  it.each(['NOT_LEADER_OR_FOLLOWER', 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'UNKNOWN_TOPIC_ID'] as const)(
    'leaves a partition alone for a while after %s, with its leader in doubt, and the others go on',
    (name) => {
      const script = new FetchScript().image(TWO).add('t', 0, 0).add('t', 1, 0).work();
      script.answer('1.0', { t: { 0: code(name), 1: { records: batchAt(0, 1) } } });
      script.wait(100);
      expect(script.lines.slice(5)).toEqual([
        '  t/0 in doubt',
        '  t/1 has 0, next 1',
        '  1.0 session 500:1 wait 500: t/1@1 forget t/0',
        '  wake at 100',
        '> 100 ms later',
        '  1.1 session 0:-1 wait 400: t/0@0',
      ]);
    },
  );

  it('ignores an image from a broker that lags', () => {
    const script = new FetchScript().image({ t: { partitions: [{ leader: 2, epoch: 4 }] } });
    script.add('t', 0, 0).work().image(ONE);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n2e4
     > add t/0 at 0
       2.0 session 0:0 wait 500: t/0@0
     > image t n1e1"
    `);
  });

  it('validates the position with a new leader before it reads on', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.answer('1.0', { t: { 0: { records: batchAt(0, 3) } } });
    script.image({ t: { partitions: [{ leader: 2, epoch: 2 }] } });
    script.epochEnds({ leaderEpoch: 1, endOffset: 3 });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers t/0 with records
       t/0 has 0 1 2, next 3
       1.0 session 500:1 wait 500: t/0@3
     > image t n2e2
       cut 1.0
       n2 validates t/0@3 epoch 1 in 2
     > epoch 1 ends at 3
       2.0 session 0:0 wait 500: t/0@3"
    `);
  });

  it('validates a position that comes with an epoch', () => {
    const script = new FetchScript().image({ t: { partitions: [{ leader: 1, epoch: 3 }] } });
    script.add('t', 0, 7, 2).work().epochEnds('TIMED_OUT').wait(100).epochEnds({ leaderEpoch: 2, endOffset: 9 });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e3
     > add t/0 at 7 epoch 2
       n1 validates t/0@7 epoch 2 in 3
     > TIMED_OUT
       t/0 in doubt
       wake at 100
     > 100 ms later
       n1 validates t/0@7 epoch 2 in 3
     > epoch 2 ends at 9
       1.0 session 0:0 wait 500: t/0@7"
    `);
  });

  it('tells where the log was cut when nothing is to be reset', () => {
    const script = new FetchScript({ reset: 'none' }).image({ t: { partitions: [{ leader: 1, epoch: 3 }] } });
    script.add('t', 0, 7, 2).work().epochEnds({ leaderEpoch: 1, endOffset: 4 });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e3
     > add t/0 at 7 epoch 2
       n1 validates t/0@7 epoch 2 in 3
     > epoch 1 ends at 4
       t/0 fails: [LOG_TRUNCATED] topic t/0: the log was cut at 4, below offset 7: what was read from there on was never safe; seek to 4 to read what replaced it"
    `);
  });

  it('goes back to where the log was cut when there is a reset policy', () => {
    const script = new FetchScript({ reset: 'latest' }).image({ t: { partitions: [{ leader: 1, epoch: 3 }] } });
    script.add('t', 0, 7, 2).work().epochEnds({ leaderEpoch: 1, endOffset: 4 });
    script.epochEnds({ leaderEpoch: 1, endOffset: 4 });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e3
     > add t/0 at 7 epoch 2
       n1 validates t/0@7 epoch 2 in 3
     > epoch 1 ends at 4
       t/0 moves from 7 to 4: truncated
       n1 validates t/0@4 epoch 1 in 3
     > epoch 1 ends at 4
       1.0 session 0:0 wait 500: t/0@4"
    `);
  });

  it('looks for the bounds when the position is not in the log, and says what one can do about it', () => {
    const script = new FetchScript({ reset: 'none' }).image(ONE).add('t', 0, 5).work();
    script.answer('1.0', { t: { 0: code('OFFSET_OUT_OF_RANGE') } }).bounds(10, 20);
    script.do('seek t/0 to 10', (machine) => machine.seek(machine.reading('t', 0)!, 10, -1));
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 5
       1.0 session 0:0 wait 500: t/0@5
     > 1.0 answers t/0 OFFSET_OUT_OF_RANGE
       bounds of t/0?
     > the log is 10 to 20
       t/0 fails: [OFFSET_OUT_OF_RANGE] topic t/0: offset 5 is not in the log, which begins at 10 and ends before 20; seek to 10, or choose a reset policy
     > seek t/0 to 10
       1.0 session 500:1 wait 500: t/0@10"
    `);
  });

  it.each([
    ['earliest', 10],
    ['latest', 20],
  ] as const)('resets a position that is not in the log: %s', (reset, to) => {
    const script = new FetchScript({ reset }).image(ONE).add('t', 0, 5).work();
    script.answer('1.0', { t: { 0: code('OFFSET_OUT_OF_RANGE') } }).bounds(10, 20);
    expect(script.lines.slice(-2)).toEqual([
      `  t/0 moves from 5 to ${to}: out-of-range`,
      `  1.0 session 500:1 wait 500: t/0@${to}`,
    ]);
  });

  it('reads a topic that was made anew from its beginning', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 50).work();
    script.image({ t: { id: 'u', partitions: [{ leader: 1, epoch: 0 }] } }).bounds(0, 3);
    script.answer('1.0', {});
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 50
       1.0 session 0:0 wait 500: t/0@50
     > image t n1e0
       bounds of t/0?
     > the log is 0 to 3
       t/0 moves from 50 to 0: re-created
       1.1 session 0:-1 wait 500: t/0@0
     > 1.0 answers nothing"
    `);
  });

  it('stops at a topic that was made anew when nothing is to be reset', () => {
    const script = new FetchScript({ reset: 'none' }).image(ONE).add('t', 0, 50).work();
    script.image({ t: { id: 'u', partitions: [{ leader: 1, epoch: 0 }] } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 50
       1.0 session 0:0 wait 500: t/0@50
     > image t n1e0
       t/0 fails: [UNKNOWN_TOPIC_ID] topic t/0: the topic was deleted and made anew, offset 50 was in the old one; seek to 0 to read the new one"
    `);
  });

  it('reads from the replica that its leader prefers, and from the leader again after an error there', () => {
    const script = new FetchScript({ clientRack: 'r' }).image(ONE).add('t', 0, 0).work();
    script.answer('1.0', { t: { 0: { preferredReadReplica: 3 } } });
    script.answer('3.0', { t: { 0: { records: batchAt(0, 1) } } });
    script.answer('3.0', { t: { 0: code('OFFSET_OUT_OF_RANGE') } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers t/0 rather n3
       cut 1.0
       3.0 session 0:0 wait 500: t/0@0
     > 3.0 answers t/0 with records
       t/0 has 0, next 1
       3.0 session 500:1 wait 500: t/0@1
     > 3.0 answers t/0 OFFSET_OUT_OF_RANGE
       cut 3.0
       1.0 session 0:0 wait 500: t/0@1"
    `);
  });

  it('goes back to the leader when the preferred replica does not answer', () => {
    const script = new FetchScript({ clientRack: 'r' }).image(ONE).add('t', 0, 0).work();
    script
      .answer('1.0', { t: { 0: { preferredReadReplica: 3 } } })
      .fail('3.0', 'DISCONNECTED')
      .wait(100);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers t/0 rather n3
       cut 1.0
       3.0 session 0:0 wait 500: t/0@0
     > 3.0 fails: DISCONNECTED
       wake at 100
     > 100 ms later
       1.0 session 0:0 wait 500: t/0@0"
    `);
  });

  it('waits longer after each failure of a broker, and replaces the session', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work().answer('1.0', {});
    script.fail('1.0', 'DISCONNECTED').wait(100).fail('1.0', 'UNREACHABLE').wait(200);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers nothing
       1.0 session 500:1 wait 500: as before
     > 1.0 fails: DISCONNECTED
       t/0 in doubt
       wake at 100
     > 100 ms later
       1.0 session 500:0 wait 500: t/0@0
     > 1.0 fails: UNREACHABLE
       t/0 in doubt
       wake at 300
     > 200 ms later
       1.0 session 500:0 wait 500: t/0@0"
    `);
  });

  it('leaves a broker alone that throttles', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work().answer('1.0', {}, { throttleTimeMs: 300 });
    script.wait(300);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers nothing
       wake at 300
     > 300 ms later
       1.0 session 500:1 wait 500: as before"
    `);
  });

  it('stops a partition that may not be read, and the others go on', () => {
    const script = new FetchScript().image(TWO).add('t', 0, 0).add('t', 1, 0).work();
    script.answer('1.0', { t: { 0: code('TOPIC_AUTHORIZATION_FAILED'), 1: { records: batchAt(0, 1) } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 0
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@0 t/1@0
     > 1.0 answers t/0 TOPIC_AUTHORIZATION_FAILED t/1 with records
       t/0 fails: [TOPIC_AUTHORIZATION_FAILED] topic t/0: cannot be fetched at offset 0
       t/1 has 0, next 1
       1.0 session 500:1 wait 500: t/1@1 forget t/0"
    `);
  });

  it('stops a partition whose bytes hold no whole batch, for nothing could ever be read', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.answer('1.0', { t: { 0: { records: batchAt(0, 3).subarray(0, 70) } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers t/0 with records
       t/0 fails: [PROTOCOL_VIOLATION] topic t/0: cannot be read at offset 0: 70 bytes without a batch from there on; seek elsewhere"
    `);
  });

  it('gives pauses to a broker that answers with nothing at once, again and again', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.answer('1.0', {}).answer('1.0', {}).answer('1.0', {}).wait(100).answer('1.0', {}).wait(200);
    script.answer('1.0', { t: { 0: { records: batchAt(0, 1) } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 1.0 answers nothing
       1.0 session 500:1 wait 500: as before
     > 1.0 answers nothing
       1.0 session 500:2 wait 500: as before
     > 1.0 answers nothing
       wake at 100
     > 100 ms later
       1.0 session 500:3 wait 500: as before
     > 1.0 answers nothing
       wake at 300
     > 200 ms later
       1.0 session 500:4 wait 500: as before
     > 1.0 answers t/0 with records
       t/0 has 0, next 1
       1.0 session 500:5 wait 500: t/0@1"
    `);
  });

  it('does not follow leaders at once that change for ever', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    for (let epoch = 2; epoch < 6; epoch++) {
      const currentLeader = { leaderId: 1, leaderEpoch: epoch };
      script.answer('1.0', { t: { 0: { ...code('NOT_LEADER_OR_FOLLOWER'), currentLeader } } });
      script.image({ t: { partitions: [{ leader: 1, epoch }] } });
      if (epoch === 4) break;
    }
    expect(script.lines.slice(-2)).toEqual(['> image t n1e4', '  wake at 300']);
  });

  it('takes a partition for well again that a session does not mention', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work().answer('1.0', {});
    script.fail('1.0', 'DISCONNECTED').wait(100);
    expect(script.machine.reading('t', 0)!.trouble?.code).toBe('DISCONNECTED');
    script.answer('1.0', {});
    expect(script.machine.reading('t', 0)!.trouble).toBeUndefined();
  });

  it('understands brokers that know topics by name only', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.answer('1.0', { t: { 0: { records: batchAt(0, 1) } } }, { version: 12 });
    expect(script.lines.at(-2)).toBe('  t/0 has 0, next 1');
  });
});
