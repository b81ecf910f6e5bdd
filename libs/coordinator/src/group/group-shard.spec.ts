import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('a group', () => {
  it('lets two members share, and gives the rest what one leaves', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0,1,2
        join m2
        heartbeat m1
        join m1
        sync m2
        sync m1 m1=0,1 m2=2
        commit m2 t/2=7
        leave m2
        heartbeat m1
        join m1
        sync m1 m1=0,1,2
        fetch t/2
        describe`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0,1,2
       writes group generation 1 range leader m1-1 m1-1=[0,1,2]
       m1 <- assignment [0,1,2]
     > join m2
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 2 range leader m1-1
     > sync m2
     > sync m1 m1=0,1 m2=2
       writes group generation 2 range leader m1-1 m1-1=[0,1] m2-2=[2]
       m1 <- assignment [0,1]
       m2 <- assignment [2]
     > commit m2 t/2=7
       writes offset t/2 = 7
       m2 <- commit NONE
     > leave m2
       m2 <- leave NONE
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > join m1
       m1 <- joined as m1-1 generation 3 range leader m1-1 members m1-1
     > sync m1 m1=0,1,2
       writes group generation 3 range leader m1-1 m1-1=[0,1,2]
       m1 <- assignment [0,1,2]
     > fetch t/2
       t/2 = 7
     > describe
       Stable consumer range
         m1-1  [0,1,2]"
    `);
  });
});
