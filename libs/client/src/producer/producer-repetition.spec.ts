import { describe, expect, it } from '@jest/globals';
import { ProducerScript } from '../../test/producer-script.js';

const known = ProducerScript.known.bind(ProducerScript);
const warm = ProducerScript.warm.bind(ProducerScript);

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
