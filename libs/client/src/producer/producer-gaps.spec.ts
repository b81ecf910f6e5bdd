import { describe, expect, it } from '@jest/globals';
import { ProducerScript } from '../../test/producer-script.js';

/** A producer whose partition has an acknowledged batch; of two more the first was given up, and both may be written. */
function withGap(): ProducerScript {
  return ProducerScript.warm({ deliveryTimeoutMs: 1_000 }).send('a').wait(500).send('b').fail(2).fail(3).wait(500);
}

describe('behind a gap', () => {
  it('finds out about what may be written behind a gap before it begins anew', () => {
    const script = withGap().send('c').answer(4);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     wait 500
     3> n1 t/0[b] e0 s2
     2< DISCONNECTED
     doubts t/0
     3< DISCONNECTED
     doubts t/0
     wait 500
       a failed: [TIMED_OUT] topic t/0: not known to be written within 1000 ms; the last failure: [DISCONNECTED] it ended; raise deliveryTimeoutMs, or look at the brokers
     4> n1 t/0[b] e0 s2
     4< NONE
       b is 0@1
     5> n1 t/0[c] e1 s0
     "
    `);
  });

  it('writes under a new epoch what the broker refuses for the gap before it', () => {
    const script = withGap().send('c').answer(4, 'OUT_OF_ORDER_SEQUENCE_NUMBER').wait(450).answer(5);
    expect(script.text).toMatchInlineSnapshot(`
     "
     2> n1 t/0[a] e0 s1
     wait 500
     3> n1 t/0[b] e0 s2
     2< DISCONNECTED
     doubts t/0
     3< DISCONNECTED
     doubts t/0
     wait 500
       a failed: [TIMED_OUT] topic t/0: not known to be written within 1000 ms; the last failure: [DISCONNECTED] it ended; raise deliveryTimeoutMs, or look at the brokers
     4> n1 t/0[b] e0 s2
     4< OUT_OF_ORDER_SEQUENCE_NUMBER
     wait 450
     5> n1 t/0[b] e1 s0
     5< NONE
       b is 0@1
     6> n1 t/0[c] e1 s1
     "
    `);
  });
});
