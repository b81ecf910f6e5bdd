import { describe, expect, it } from '@jest/globals';
import { ProducerScript } from '../../test/producer-script.js';

const known = ProducerScript.known.bind(ProducerScript);
const warm = ProducerScript.warm.bind(ProducerScript);

describe('batches', () => {
  it('sends the records of one turn as one batch a partition and one request a broker', () => {
    const script = known({}, 2).add('a b', { partition: 0 }).add('c d', { partition: 1 }).pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a b] e0 s0, t/1[c d] e0 s0
     "
    `);
  });

  it('sends to each broker what it leads', () => {
    const script = known({}, 2);
    script.leads('t', 1, 2, 1);
    script.add('a', { partition: 0 }).add('b', { partition: 1 }).pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     2> n2 t/1[b] e0 s0
     "
    `);
  });

  it('holds the first batch under an identity alone, and then five', () => {
    const script = known();
    for (const value of ['a', 'b', 'c']) script.send(value);
    script.answer(1);
    for (const value of ['d', 'e', 'f', 'g', 'h', 'i']) script.send(value);
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     1< NONE
       a is 0@0
     2> n1 t/0[b c] e0 s1
     3> n1 t/0[d] e0 s3
     4> n1 t/0[e] e0 s4
     5> n1 t/0[f] e0 s5
     6> n1 t/0[g] e0 s6
     "
    `);
  });

  it('gathers while five are under way, and sends that as one', () => {
    const script = warm();
    for (const value of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) script.send(value);
    script.answer(3);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     3> n1 t/0[b] e0 s2
     4> n1 t/0[c] e0 s3
     5> n1 t/0[d] e0 s4
     6> n1 t/0[e] e0 s5
     3< NONE
       b is 0@1
     7> n1 t/0[f g h] e0 s6
     "
    `);
  });

  it('closes a batch at batchBytesMax', () => {
    const script = warm({ batchBytesMax: 300 });
    script.send(['x', 'y', 'z'].map((letter) => letter.repeat(100)).join(' '));
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[x*100] e0 s1
     3> n1 t/0[y*100] e0 s2
     4> n1 t/0[z*100] e0 s3
     "
    `);
  });

  it('sends a record over batchBytesMax alone', () => {
    const script = warm({ batchBytesMax: 0 }).send('a b');
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     3> n1 t/0[b] e0 s2
     "
    `);
  });

  it('begins another request at requestBytesMax', () => {
    const script = known({ requestBytesMax: 1_000 }, 2);
    script.add('x'.repeat(600), { partition: 0 }).add('y'.repeat(600), { partition: 1 }).pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[x*600] e0 s0
     2> n1 t/1[y*600] e0 s0
     "
    `);
  });

  it('lingers, but not longer than a full batch takes', () => {
    const script = warm({ lingerMs: 50, batchBytesMax: 300 }).send('a');
    script.wait(49).send('b').wait(1);
    script.send(['x', 'y', 'z'].map((letter) => letter.repeat(100)).join(' '));
    expect(script.text).toMatchInlineSnapshot(`
     "
     wait 49
     wait 1
     2> n1 t/0[a b] e0 s1
     3> n1 t/0[x*100] e0 s3
     4> n1 t/0[y*100] e0 s4
     "
    `);
  });

  it('does not linger when it is flushed', () => {
    const script = warm({ lingerMs: 50 }).send('a');
    script.do((machine) => machine.flush(() => script.transcript.push('flushed')));
    script.answer(2);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< NONE
     flushed
       a is 0@1
     "
    `);
  });
});

describe('partitions', () => {
  it('puts equal keys into one partition, the one that Java chooses', () => {
    const script = known({}, 50).send('x y', { key: 'a' });
    expect(script.text).toContain('t/24[x y]');
  });

  it('keeps records without a key together for a turn, and goes on to the next partition', () => {
    const script = known({}, 3).send('a b').send('c d').send('e f').send('g h');
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/1[a b] e0 s0
     2> n1 t/2[c d] e0 s0
     3> n1 t/0[e f] e0 s0
     "
    `);
  });

  it('leaves out partitions without a leader for records without a key', () => {
    const script = known({}, 3);
    script.leads('t', 1, -1, 1);
    script.leads('t', 2, -1, 1);
    script.send('a').send('b');
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     "
    `);
  });

  it('waits for a partition that is named and not there yet', () => {
    const script = known({}, 1).send('a', { partition: 2 });
    script.topic('t', 3);
    script.pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     looks up t
     1> n1 t/2[a] e0 s0
     "
    `);
  });

  it('uses partitions that were added', () => {
    const script = known({}, 1).send('x', { key: 'a' });
    script.topic('t', 50);
    script.send('y', { key: 'a' });
    expect(script.text).toContain('t/24[y]');
  });

  it('waits for a topic that is not known, in order', () => {
    const script = ProducerScript.known({}, 0).send('a').send('b');
    script.do((machine) => machine.lookedUp(script.nowMs, 't')).wait(500);
    script.topic('t', 1);
    script.pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     looks up t
     wait 500
     looks up t
     1> n1 t/0[a b] e0 s0
     "
    `);
  });

  it('gives up a topic that never comes', () => {
    const script = ProducerScript.known({ unknownTopicTimeoutMs: 500 }, 0).send('a');
    script.do((machine) => machine.lookedUp(script.nowMs, 't')).wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     looks up t
     wait 500
       a failed: [UNKNOWN_TOPIC_OR_PARTITION] topic t: no broker knows it; create it before
     "
    `);
    expect(script.machine.isEmpty).toBe(true);
  });

  it('does not say that a topic is missing when no broker has answered', () => {
    const script = ProducerScript.known({ deliveryTimeoutMs: 500 }, 0).send('a').wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     looks up t
     wait 500
       a failed: [TIMED_OUT] topic t: its partitions could not be found out: no broker has answered
     "
    `);
  });
});

describe('batches that are too large', () => {
  it('takes a batch apart, keeps sequences and order, and makes smaller ones from then on', () => {
    const script = warm().send('a b c d').send('e').answer(2, 'MESSAGE_TOO_LARGE');
    script.answer(3, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(500).answer(4).answer(5).wait(500).answer(6);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a b c d] e0 s1
     3> n1 t/0[e] e0 s5
     2< MESSAGE_TOO_LARGE
     4> n1 t/0[a b] e0 s1
     3< OUT_OF_ORDER_SEQUENCE_NUMBER
     wait 500
     4< NONE
       a is 0@1
       b is 0@2
     5> n1 t/0[c d] e0 s3
     5< NONE
       c is 0@3
       d is 0@4
     6> n1 t/0[e] e0 s5
     wait 500
     6< NONE
       e is 0@5
     "
    `);
  });

  it('takes compressed batches apart too', () => {
    const script = warm({ compression: 'zstd' }).send('a b c').answer(2, 'RECORD_LIST_TOO_LARGE');
    script.answer(3, 'MESSAGE_TOO_LARGE').answer(4).answer(5);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a b c] e0 s1
     2< RECORD_LIST_TOO_LARGE
     3> n1 t/0[a b] e0 s1
     3< MESSAGE_TOO_LARGE
     4> n1 t/0[a] e0 s1
     4< NONE
       a is 0@1
     5> n1 t/0[b] e0 s2
     5< NONE
       b is 0@2
     6> n1 t/0[c] e0 s3
     "
    `);
  });

  it('refuses a record that is too large alone, and names its size', () => {
    const script = warm().send('a').answer(2, 'MESSAGE_TOO_LARGE');
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< MESSAGE_TOO_LARGE
       a failed: [MESSAGE_TOO_LARGE] topic t/0: one record in a batch of 69 bytes, which is over the max.message.bytes of the topic; raise max.message.bytes of the topic, compress, or send less
     "
    `);
  });

  it('ends a flush when all parts are settled', () => {
    const script = warm().send('a b');
    script.do((machine) => machine.flush(() => script.transcript.push('flushed')));
    script.answer(2, 'MESSAGE_TOO_LARGE').answer(3).answer(4);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a b] e0 s1
     2< MESSAGE_TOO_LARGE
     3> n1 t/0[a] e0 s1
     3< NONE
       a is 0@1
     4> n1 t/0[b] e0 s2
     4< NONE
     flushed
       b is 0@2
     "
    `);
    expect(script.machine.bufferedBytes).toBe(0);
  });
});
