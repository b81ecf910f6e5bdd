import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('a restart', () => {
  it('keeps members, generation, assignments and offsets, and gives everybody a fresh session', () => {
    expect(
      play(`
        config delay=1
        join m1 static=i1
        join m2
        tick 2
        sync m1 m1=0 m2=1
        sync m2
        commit m2 t/1=5
        tick 9000
        restart
        tick 9999
        heartbeat m1
        commit m2 t/1=6
        tick 1
        describe
        tick 9999
        describe
        fetch t/1`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1 static=i1
     > join m2
     > tick 2
       at 2 ms
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1 m2-2
       m2 <- joined as m2-2 generation 1 range leader i1-1
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader i1-1 i1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > commit m2 t/1=5
       writes offset t/1 = 5
       m2 <- commit NONE
     > tick 9000
     > restart
     > tick 9999
     > heartbeat m1
       m1 <- heartbeat NONE
     > commit m2 t/1=6
       writes offset t/1 = 6
       m2 <- commit NONE
     > tick 1
     > describe
       Stable consumer range
         i1-1 i1 [0]
         m2-2  [1]
     > tick 9999
       at 29001 ms
       writes group generation 2 empty
     > describe
       Empty consumer -
     > fetch t/1
       t/1 = 6"
    `);
  });

  it('in the middle of a rebalance goes back to the last generation, and members find together again', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0
        join m2
        restart
        heartbeat m1
        heartbeat m2
        join m2
        forgets m2
        join m2
        join m1
        sync m1 m1=0 m2=1
        sync m2`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > join m2
     > restart
     > heartbeat m1
       m1 <- heartbeat NONE
     > heartbeat m2
       m2 <- heartbeat UNKNOWN_MEMBER_ID
     > join m2
     > forgets m2
     > join m2
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1 m2-3 m2-4
       m2 <- joined as m2-3 generation 2 range leader m1-1
       m2 <- joined as m2-4 generation 2 range leader m1-1
     > sync m1 m1=0 m2=1
       writes group generation 2 range leader m1-1 m1-1=[0] m2-3=[] m2-4=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]"
    `);
  });
});
