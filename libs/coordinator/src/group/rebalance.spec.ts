import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('a rebalance', () => {
  it('starts again when the leader dies before it has brought the assignments', () => {
    expect(
      play(`
        config delay=3000
        join m1
        join m2
        tick 6000
        sync m2
        tick 9000
        heartbeat m2
        tick 1000
        join m2
        sync m2 m2=0,1,2
        tick 20000
        describe`),
    ).toMatchInlineSnapshot(`
     "> config delay=3000
     > join m1
     > join m2
     > tick 6000
       at 6000 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > sync m2
     > tick 9000
     > heartbeat m2
       m2 <- heartbeat NONE
     > tick 1000
       at 16000 ms
       m2 <- sync REBALANCE_IN_PROGRESS
     > join m2
       m2 <- joined as m2-2 generation 2 range leader m2-2 members m2-2
     > sync m2 m2=0,1,2
       writes group generation 2 range leader m2-2 m2-2=[0,1,2]
       m2 <- assignment [0,1,2]
     > tick 20000
       at 26000 ms
       writes group generation 3 empty
     > describe
       Empty consumer -"
    `);
  });

  it('throws out a member that never asks for its assignment', () => {
    expect(
      play(`
        config delay=100
        join m1 rebalance=5000
        join m2 rebalance=5000
        tick 200
        sync m1 m1=0 m2=1
        tick 4000
        heartbeat m1
        heartbeat m2
        tick 1000
        heartbeat m2
        heartbeat m1
        join m1
        sync m1 m1=0,1`),
    ).toMatchInlineSnapshot(`
     "> config delay=100
     > join m1 rebalance=5000
     > join m2 rebalance=5000
     > tick 200
       at 200 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader m1-1 m1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > tick 4000
     > heartbeat m1
       m1 <- heartbeat NONE
     > heartbeat m2
       m2 <- heartbeat NONE
     > tick 1000
     > heartbeat m2
       m2 <- heartbeat UNKNOWN_MEMBER_ID
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1
     > sync m1 m1=0,1
       writes group generation 2 range leader m1-1 m1-1=[0,1]
       m1 <- assignment [0,1]"
    `);
  });

  it('goes on without members that do not come to a rebalance in time', () => {
    expect(
      play(`
        config delay=100
        join m1 rebalance=20000
        join m2 rebalance=20000
        tick 200
        sync m1 m1=0 m2=1
        sync m2
        join m3 rebalance=20000
        join m2 rebalance=20000
        tick 5000
        heartbeat m1
        tick 8000
        heartbeat m1
        tick 7000
        sync m2 m2=0 m3=1
        sync m3
        heartbeat m1`),
    ).toMatchInlineSnapshot(`
     "> config delay=100
     > join m1 rebalance=20000
     > join m2 rebalance=20000
     > tick 200
       at 200 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader m1-1 m1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > join m3 rebalance=20000
     > join m2 rebalance=20000
     > tick 5000
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > tick 8000
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > tick 7000
       at 20200 ms
       m2 <- joined as m2-2 generation 2 range leader m2-2 members m2-2 m3-3
       m3 <- joined as m3-3 generation 2 range leader m2-2
     > sync m2 m2=0 m3=1
       writes group generation 2 range leader m2-2 m2-2=[0] m3-3=[1]
       m2 <- assignment [0]
     > sync m3
       m3 <- assignment [1]
     > heartbeat m1
       m1 <- heartbeat UNKNOWN_MEMBER_ID"
    `);
  });

  it('hears a dead member out for its session, and no longer', () => {
    expect(
      play(`
        join m1 session=6000
        sync m1 m1=0
        tick 5000
        heartbeat m1
        tick 5999
        describe
        tick 1
        describe`),
    ).toMatchInlineSnapshot(`
     "> join m1 session=6000
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > tick 5000
     > heartbeat m1
       m1 <- heartbeat NONE
     > tick 5999
     > describe
       Stable consumer range
         m1-1  [0]
     > tick 1
       at 11000 ms
       writes group generation 2 empty
     > describe
       Empty consumer -"
    `);
  });

  it('waits for more members before its first generation, as long as new ones come and no longer than they would', () => {
    expect(
      play(`
        config delay=3000
        join m1 rebalance=8000
        tick 2000
        join m2 rebalance=8000
        tick 2000
        join m3 rebalance=8000
        tick 2000
        join m4 rebalance=8000
        tick 2000
        list`),
    ).toMatchInlineSnapshot(`
     "> config delay=3000
     > join m1 rebalance=8000
     > tick 2000
     > join m2 rebalance=8000
     > tick 2000
     > join m3 rebalance=8000
     > tick 2000
     > join m4 rebalance=8000
     > tick 2000
       at 8000 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2 m3-3 m4-4
       m2 <- joined as m2-2 generation 1 range leader m1-1
       m3 <- joined as m3-3 generation 1 range leader m1-1
       m4 <- joined as m4-4 generation 1 range leader m1-1
     > list
       g consumer CompletingRebalance"
    `);
  });
});
