import { describe, expect, it } from '@jest/globals';
import { ProducerScript } from '../../test/producer-script.js';

const known = ProducerScript.known.bind(ProducerScript);

/** A producer whose partition has an acknowledged batch, so that 5 may be under way; sequence 1 is the next. */
function warm(...given: Parameters<typeof ProducerScript.known>): ProducerScript {
  const script = known(...given)
    .send('w')
    .wait(given[0]?.lingerMs ?? 0)
    .answer(1);
  script.transcript.length = 0;
  return script;
}

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
});

describe('repetition', () => {
  it('sends a batch again after the connection ended, under the same sequence', () => {
    const script = warm().send('a b').fail(2).wait(150);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a b] e0 s1
     2< DISCONNECTED
     doubts t/0
     wait 150
     3> n1 t/0[a b] e0 s1
     "
    `);
  });

  it('holds back later batches while an earlier one is repeated, and keeps their order', () => {
    const script = warm().send('a').send('b').send('c');
    script.answer(2, 'NOT_ENOUGH_REPLICAS').answer(3, 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    script.send('d').answer(4, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(500);
    script.answer(5).wait(500).answer(6).wait(500).answer(7).answer(8);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     3> n1 t/0[b] e0 s2
     4> n1 t/0[c] e0 s3
     2< NOT_ENOUGH_REPLICAS
     3< OUT_OF_ORDER_SEQUENCE_NUMBER
     4< OUT_OF_ORDER_SEQUENCE_NUMBER
     wait 500
     5> n1 t/0[a] e0 s1
     5< NONE
       a is 0@1
     6> n1 t/0[b] e0 s2
     wait 500
     6< NONE
       b is 0@2
     7> n1 t/0[c] e0 s3
     8> n1 t/0[d] e0 s4
     wait 500
     7< NONE
       c is 0@3
     8< NONE
       d is 0@4
     "
    `);
  });

  it('goes to the new leader at once', () => {
    const script = warm().send('a');
    script.answer(2, 'NOT_LEADER_OR_FOLLOWER', { leader: { nodeId: 2, epoch: 5, node: undefined } });
    script.leads('t', 0, 2, 5);
    script.pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< NOT_LEADER_OR_FOLLOWER
     learns t/0 n2
     3> n2 t/0[a] e0 s1
     "
    `);
  });

  it('doubts a leader that says it is none and names nobody', () => {
    const script = warm().send('a').answer(2, 'NOT_LEADER_OR_FOLLOWER').wait(150);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< NOT_LEADER_OR_FOLLOWER
     doubts t/0
     wait 150
     3> n1 t/0[a] e0 s1
     "
    `);
  });

  it('waits while a partition has no leader', () => {
    const script = warm();
    script.leads('t', 0, -1, 1);
    script.send('a').wait(100);
    script.leads('t', 0, 2, 2);
    script.pump();
    expect(script.text).toMatchInlineSnapshot(`
     "
     doubts t/0
     wait 100
     doubts t/0
     2> n2 t/0[a] e0 s1
     "
    `);
  });

  it('takes a duplicate as written, with an offset that is not known', () => {
    const script = warm().send('a').answer(2, 'DUPLICATE_SEQUENCE_NUMBER');
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< DUPLICATE_SEQUENCE_NUMBER
       a is 0@-1
     "
    `);
  });

  it('repeats a batch that the answer leaves out', () => {
    const script = warm().send('a').leftOut(2).wait(150);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< nothing
     wait 150
     3> n1 t/0[a] e0 s1
     "
    `);
  });

  it('gives up after deliveryTimeoutMs, and tells the last failure', () => {
    const script = warm({ deliveryTimeoutMs: 1_000 }).send('a').fail(2).wait(150).fail(3).wait(900);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< DISCONNECTED
     doubts t/0
     wait 150
     3> n1 t/0[a] e0 s1
     3< DISCONNECTED
     doubts t/0
     wait 900
       a failed: [TIMED_OUT] topic t/0: not known to be written within 1000 ms; the last failure: [DISCONNECTED] it ended; raise deliveryTimeoutMs, or look at the brokers
     "
    `);
    expect(script.machine.isEmpty).toBe(true);
    expect(script.machine.bufferedBytes).toBe(0);
  });

  it('gives up a batch that is still under way, and takes its late answer for the order only', () => {
    const script = warm({ deliveryTimeoutMs: 1_000 }).send('a').wait(1_000).answer(2).send('b');
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     wait 1000
       a failed: [TIMED_OUT] topic t/0: not known to be written within 1000 ms; raise deliveryTimeoutMs, or look at the brokers
     2< NONE
     3> n1 t/0[b] e0 s2
     "
    `);
  });

  it('refuses what the broker refuses for good', () => {
    const script = warm().send('a').answer(2, 'TOPIC_AUTHORIZATION_FAILED').send('b');
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< TOPIC_AUTHORIZATION_FAILED
       a failed: [TOPIC_AUTHORIZATION_FAILED] topic t/0: the broker refused; grant WRITE on the topic
     3> n1 t/0[b] e0 s1
     "
    `);
  });

  it('wants to be woken when the pause is over', () => {
    const script = warm().send('a').fail(2);
    expect(script.machine.wakeAtMs - script.nowMs).toBeGreaterThanOrEqual(80);
    expect(script.machine.wakeAtMs - script.nowMs).toBeLessThanOrEqual(120);
  });
});

describe('sequences', () => {
  it('asks for an identity once, before anything leaves', () => {
    const script = new ProducerScript().send('a').send('b');
    script.do((machine) => machine.identified({ producerId: 7n, producerEpoch: 3 }));
    expect(script.text).toMatchInlineSnapshot(`
     "
     asks for an id
     1> n1 t/0[a b] e3 s0
     "
    `);
  });

  it('refuses everything when it may have no identity', () => {
    const script = new ProducerScript().send('a');
    script.do((machine) => {
      const error = script.errorOf('CLUSTER_AUTHORIZATION_FAILED');
      machine.notIdentified(script.nowMs, error);
    });
    expect(script.text).toMatchInlineSnapshot(`
     "
     asks for an id
       a failed: [CLUSTER_AUTHORIZATION_FAILED] it ended
     "
    `);
  });

  it('asks again for an identity when the failure may pass', () => {
    const script = new ProducerScript().send('a');
    script.do((machine) => machine.notIdentified(script.nowMs, script.errorOf('UNREACHABLE'))).wait(1_000);
    expect(script.text).toMatchInlineSnapshot(`
     "
     asks for an id
     wait 1000
     asks for an id
     "
    `);
  });

  it('raises the epoch when the broker lost a sequence, after all under way is answered', () => {
    const script = warm().send('a').send('b').answer(2, 'OUT_OF_ORDER_SEQUENCE_NUMBER').send('c');
    script.answer(3, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(500).answer(4).wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     3> n1 t/0[b] e0 s2
     2< OUT_OF_ORDER_SEQUENCE_NUMBER
     3< OUT_OF_ORDER_SEQUENCE_NUMBER
     wait 500
     4> n1 t/0[a] e1 s0
     4< NONE
       a is 0@1
     5> n1 t/0[b] e1 s1
     6> n1 t/0[c] e1 s2
     wait 500
     "
    `);
  });

  it('raises the epoch when the log forgot the producer', () => {
    const script = warm().send('a').answer(2, 'UNKNOWN_PRODUCER_ID', { logStartOffset: 9 }).wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< UNKNOWN_PRODUCER_ID
     wait 500
     3> n1 t/0[a] e1 s0
     "
    `);
  });

  it('raises the epoch when another batch of its id and epoch fenced it', () => {
    const script = warm().send('a').answer(2, 'INVALID_PRODUCER_EPOCH').wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     2< INVALID_PRODUCER_EPOCH
     wait 500
     3> n1 t/0[a] e1 s0
     "
    `);
  });

  it('asks for another id when the epochs are used up', () => {
    const script = new ProducerScript();
    script.machine.identified({ producerId: 7n, producerEpoch: 32_766 });
    script.send('w').answer(1).send('a').answer(2, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(500);
    script.do((machine) => machine.identified({ producerId: 8n, producerEpoch: 0 }));
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[w] e32766 s0
     1< NONE
       w is 0@0
     2> n1 t/0[a] e32766 s1
     2< OUT_OF_ORDER_SEQUENCE_NUMBER
     asks for an id
     wait 500
     3> n1 t/0[a] id8 e0 s0
     "
    `);
  });

  it('gives a sequence back when the last batch was refused and surely not written', () => {
    const script = warm().send('a').answer(2, 'INVALID_RECORD').send('b');
    expect(script.text).toContain('t/0[b] e0 s1');
  });

  it('raises the epoch when a refused batch leaves a gap', () => {
    const script = warm().send('a').send('b').answer(2, 'INVALID_RECORD');
    script.answer(3, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     3> n1 t/0[b] e0 s2
     2< INVALID_RECORD
       a failed: [INVALID_RECORD] topic t/0: the broker refused; a compacted topic wants a key in every record
     3< OUT_OF_ORDER_SEQUENCE_NUMBER
     wait 500
     4> n1 t/0[b] e1 s0
     "
    `);
  });

  it('raises the epoch when it gave up a batch that may be written', () => {
    const script = warm({ deliveryTimeoutMs: 1_000 }).send('a').fail(2).wait(1_000).send('b');
    expect(script.text).toContain('t/0[b] e1 s0');
  });

  it('runs over from 2147483647 to 0', () => {
    const script = known().send('w').answer(1);
    script.writer().nextSequence = 2_147_483_646;
    script.send('a b c').send('d');
    expect(script.text).toContain('t/0[a b c] e0 s2147483646');
    expect(script.text).toContain('t/0[d] e0 s1');
  });

  it('has none without idempotence, and does not hold back', () => {
    const script = new ProducerScript({ idempotent: false }).send('a').send('b').fail(1).send('c').wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e-1 s-1
     2> n1 t/0[b] e-1 s-1
     1< DISCONNECTED
     doubts t/0
     wait 500
     3> n1 t/0[a] e-1 s-1
     4> n1 t/0[c] e-1 s-1
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

describe('transactions', () => {
  const transactional = (): ProducerScript => {
    const script = new ProducerScript({ transactionalId: 'x' });
    script.machine.begin({ producerId: 7n, producerEpoch: 0 });
    return script;
  };

  it('sends nothing to a partition that is not admitted, and asks once', () => {
    const script = transactional().do((machine) => machine.admitsUnasked(false));
    script.send('a').send('b');
    script.do((machine) => machine.admitted('t', 0));
    expect(script.text).toMatchInlineSnapshot(`
     "
     admits t/0
     1> n1 t/0[a b] e0 s0
     "
    `);
  });

  it('refuses a batch whose sequence the broker did not expect', () => {
    const script = transactional().send('a').answer(1, 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     1< OUT_OF_ORDER_SEQUENCE_NUMBER
       a failed: [OUT_OF_ORDER_SEQUENCE_NUMBER] topic t/0: the broker refused; abort the transaction and do it again
     "
    `);
  });

  it('begins again at 0 under the same epoch when everything it wrote was deleted', () => {
    const script = transactional().send('a').answer(1).send('b');
    script.answer(2, 'UNKNOWN_PRODUCER_ID', { logStartOffset: 9 }).wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     1< NONE
       a is 0@0
     2> n1 t/0[b] e0 s1
     2< UNKNOWN_PRODUCER_ID
     wait 500
     3> n1 t/0[b] e0 s0
     "
    `);
  });

  it('repeats while the transaction before is still being ended', () => {
    const script = transactional().send('a').answer(1, 'CONCURRENT_TRANSACTIONS').wait(500);
    expect(script.text).toMatchInlineSnapshot(`
     "
     1> n1 t/0[a] e0 s0
     1< CONCURRENT_TRANSACTIONS
     wait 500
     2> n1 t/0[a] e0 s0
     "
    `);
  });
});
