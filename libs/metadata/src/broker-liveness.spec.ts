import { describe, expect, it } from '@jest/globals';
import type { NodeId } from '@trunkline/kernel';
import { BrokerLiveness } from './broker-liveness.js';

const ONE = 1 as NodeId;
const TWO = 2 as NodeId;
const options = { sessionTimeoutMs: 3000, lostGraceMs: 300, takeoverMs: 1500 };

describe('BrokerLiveness', () => {
  it('takes a silent broker for dead after the session timeout, not sooner', () => {
    const liveness = new BrokerLiveness(options);
    expect(liveness.wakeAtMs).toBe(Infinity);
    liveness.heard(ONE, 1000);
    liveness.heard(TWO, 1500);
    expect([liveness.wakeAtMs, liveness.expired(3999)]).toEqual([4000, []]);
    expect([liveness.expired(4000), liveness.expired(4100)]).toEqual([[ONE], [ONE]]);
    liveness.forget(ONE);
    expect([liveness.wakeAtMs, liveness.expired(4499), liveness.expired(4500)]).toEqual([4500, [], [TWO]]);
  });

  it('gives a broker whose connection ended a short grace, which a word of it ends', () => {
    const liveness = new BrokerLiveness(options);
    liveness.heard(ONE, 0);
    liveness.heard(TWO, 0);
    liveness.lost(ONE, 100);
    liveness.lost(TWO, 100);
    expect([liveness.suspects, liveness.wakeAtMs]).toEqual([[ONE, TWO], 400]);
    liveness.heard(TWO, 350);
    expect([liveness.suspects, liveness.expired(400)]).toEqual([[ONE], [ONE]]);
  });

  it('takes a suspect for dead at once when nobody listens where it was', () => {
    const liveness = new BrokerLiveness(options);
    liveness.heard(ONE, 0);
    liveness.lost(ONE, 100);
    liveness.refused(ONE, 120);
    expect(liveness.expired(120)).toEqual([ONE]);
  });

  it('takes one that speaks for no more than a suspect when nobody listens where it was', () => {
    const liveness = new BrokerLiveness(options);
    liveness.heard(ONE, 0);
    liveness.refused(ONE, 100);
    expect([liveness.expired(100), liveness.wakeAtMs]).toEqual([[], 400]);
    liveness.heard(ONE, 200);
    expect([liveness.suspects, liveness.wakeAtMs]).toEqual([[], 3200]);
  });

  it('knows nothing of those it never heard of', () => {
    const liveness = new BrokerLiveness(options);
    liveness.lost(ONE, 0);
    liveness.refused(ONE, 0);
    expect([liveness.expired(10_000), liveness.hasSession(ONE, 0), liveness.metadataOffset(ONE)]).toEqual([
      [],
      false,
      -1,
    ]);
  });

  it('lets a new active controller wait a bounded time for each broker', () => {
    const liveness = new BrokerLiveness(options, [ONE, TWO], 1000);
    expect([liveness.suspects, liveness.wakeAtMs]).toEqual([[ONE, TWO], 2500]);
    liveness.heard(TWO, 1200);
    expect(liveness.expired(2500)).toEqual([ONE]);
    const refused = new BrokerLiveness(options, [ONE], 1000);
    refused.refused(ONE, 1010);
    expect(refused.expired(1010)).toEqual([ONE]);
  });

  it('blames nobody when the controller itself stood still, but waits for no one twice as long as a session', () => {
    const liveness = new BrokerLiveness(options);
    liveness.heard(ONE, 0);
    liveness.heard(TWO, 0);
    expect(liveness.expired(5000)).toEqual([]);
    expect(liveness.wakeAtMs).toBe(5300);
    liveness.heard(TWO, 5100);
    expect(liveness.expired(5300)).toEqual([ONE]);
    expect(liveness.expired(6500)).toEqual([ONE]);
  });

  it('keeps the highest offset a broker told, and the first at which it goes down', () => {
    const liveness = new BrokerLiveness(options);
    liveness.goesDown(ONE, 3);
    liveness.heard(ONE, 0, 7);
    liveness.heard(ONE, 1);
    liveness.goesDown(ONE, 9);
    liveness.goesDown(ONE, 12);
    liveness.heard(ONE, 2, 8);
    expect([liveness.metadataOffset(ONE), liveness.shutdownOffset(ONE)]).toEqual([8, 9]);
  });

  it('tells whether a broker was heard of within the session timeout', () => {
    const liveness = new BrokerLiveness(options);
    liveness.heard(ONE, 0);
    expect([liveness.hasSession(ONE, 2999), liveness.hasSession(ONE, 3000)]).toEqual([true, false]);
    expect([liveness.isSuspect(ONE), liveness.isSuspect(TWO)]).toEqual([false, true]);
  });
});
