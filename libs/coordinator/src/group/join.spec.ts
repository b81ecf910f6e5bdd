import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('a member without an id', () => {
  it('gets one, and must come back with it before its session ends', () => {
    expect(
      play(`
        knock m1
        list
        knock m1
        sync m1 m1=0
        knock m2
        tick 5000
        heartbeat m1
        tick 5000
        join m2
        list`),
    ).toMatchInlineSnapshot(`
     "> knock m1
       m1 <- join MEMBER_ID_REQUIRED m1-1
     > list
       g - Empty
     > knock m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > knock m2
       m2 <- join MEMBER_ID_REQUIRED m2-3
     > tick 5000
     > heartbeat m1
       m1 <- heartbeat NONE
     > tick 5000
     > join m2
       m2 <- join UNKNOWN_MEMBER_ID m2-3
     > list
       g consumer Stable"
    `);
  });

  it('is waited for by a rebalance until its id has expired', () => {
    expect(
      play(`
        join m1 rebalance=60000
        sync m1 m1=0
        knock m2
        join m1
        tick 10000
        sync m1 m1=0
        knock m3
        knock m3`),
    ).toMatchInlineSnapshot(`
     "> join m1 rebalance=60000
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > knock m2
       m2 <- join MEMBER_ID_REQUIRED m2-2
     > join m1
     > tick 10000
       at 10000 ms
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 2 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > knock m3
       m3 <- join MEMBER_ID_REQUIRED m3-4
     > knock m3"
    `);
  });

  it('does not make a group that stays when nobody comes back', () => {
    expect(
      play(`
        knock m1
        list
        tick 10000
        list`),
    ).toMatchInlineSnapshot(`
     "> knock m1
       m1 <- join MEMBER_ID_REQUIRED m1-1
     > list
       g - Empty
     > tick 10000
     > list"
    `);
  });

  it('is refused when too many ids are out, or the group is full, and may come when there is room', () => {
    expect(
      play(`
        config pending=2 max=2
        knock m1
        knock m2
        knock m3
        join m1
        join m2
        join m1
        knock m3
        leave m2
        knock m3`),
    ).toMatchInlineSnapshot(`
     "> config pending=2 max=2
     > knock m1
       m1 <- join MEMBER_ID_REQUIRED m1-1
     > knock m2
       m2 <- join MEMBER_ID_REQUIRED m2-2
     > knock m3
       m3 <- join COORDINATOR_NOT_AVAILABLE
     > join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > join m2
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 2 range leader m1-1
     > knock m3
       m3 <- join GROUP_MAX_SIZE_REACHED
     > leave m2
       m2 <- leave NONE
     > knock m3
       m3 <- join MEMBER_ID_REQUIRED m3-8"
    `);
  });
});
