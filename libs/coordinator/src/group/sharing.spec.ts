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

  it('becomes empty when the last member leaves, and begins a new generation for the next', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0
        leave m1
        list
        heartbeat m1
        sync m1
        join m1
        forgets m1
        join m1
        sync m1 m1=0`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > leave m1
       writes group generation 2 empty
       m1 <- leave NONE
     > list
       g consumer Empty
     > heartbeat m1
       m1 <- heartbeat UNKNOWN_MEMBER_ID
     > sync m1
       m1 <- sync UNKNOWN_MEMBER_ID
     > join m1
       m1 <- join UNKNOWN_MEMBER_ID m1-1
     > forgets m1
     > join m1
       m1 <- joined as m1-3 generation 3 range leader m1-3 members m1-3
     > sync m1 m1=0
       writes group generation 3 range leader m1-3 m1-3=[0]
       m1 <- assignment [0]"
    `);
  });

  it('tells the leader alone of the members, a follower with the same metadata the same generation, and calls all for a leader that joins again', () => {
    expect(
      play(`
        config delay=1
        join m1
        join m2
        tick 2
        join m2
        join m1
        sync m1 m1=0 m2=1
        join m2
        sync m2
        join m2 topics=t,u
        join m1
        sync m1 m1=0 m2=1
        sync m2
        join m1
        heartbeat m2`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1
     > join m2
     > tick 2
       at 2 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > join m2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader m1-1 m1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > join m2
       m2 <- joined as m2-2 generation 1 range leader m1-1
     > sync m2
       m2 <- assignment [1]
     > join m2 topics=t,u
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 2 range leader m1-1
     > sync m1 m1=0 m2=1
       writes group generation 2 range leader m1-1 m1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > join m1
     > heartbeat m2
       m2 <- heartbeat REBALANCE_IN_PROGRESS"
    `);
  });

  it('elects the protocol that most like best of those that all can speak', () => {
    expect(
      play(`
        config delay=1
        join m1 protocols=range,sticky
        join m2 protocols=sticky,range
        join m3 protocols=sticky,range,own
        join m4 protocols=own
        join m4 type=connect protocols=range
        join m4 protocols=range,nothing
        tick 10
        leave m4
        join m1 protocols=range,sticky
        join m2 protocols=sticky,range
        join m3 protocols=sticky,range,own`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1 protocols=range,sticky
     > join m2 protocols=sticky,range
     > join m3 protocols=sticky,range,own
     > join m4 protocols=own
       m4 <- join INCONSISTENT_GROUP_PROTOCOL
     > join m4 type=connect protocols=range
       m4 <- join INCONSISTENT_GROUP_PROTOCOL
     > join m4 protocols=range,nothing
     > tick 10
       at 2 ms
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1 m2-2 m3-3 m4-6
       m2 <- joined as m2-2 generation 1 range leader m1-1
       m3 <- joined as m3-3 generation 1 range leader m1-1
       m4 <- joined as m4-6 generation 1 range leader m1-1
     > leave m4
       m4 <- leave NONE
     > join m1 protocols=range,sticky
     > join m2 protocols=sticky,range
     > join m3 protocols=sticky,range,own
       m1 <- joined as m1-1 generation 2 sticky leader m1-1 members m1-1 m2-2 m3-3
       m2 <- joined as m2-2 generation 2 sticky leader m1-1
       m3 <- joined as m3-3 generation 2 sticky leader m1-1"
    `);
  });

  it('hands on assignments of the cooperative protocol without looking into them', () => {
    expect(
      play(`
        join m1 protocols=cooperative-sticky metadata=owned:none
        sync m1 m1=0,1,2,3
        join m2 protocols=cooperative-sticky metadata=owned:none
        heartbeat m1
        commit m1 t/3=41
        join m1 protocols=cooperative-sticky metadata=owned:0,1,2,3
        sync m1 m1=0,1
        sync m2
        join m1 protocols=cooperative-sticky metadata=owned:0,1
        heartbeat m2
        join m2 protocols=cooperative-sticky metadata=owned:none
        sync m1 m1=0,1 m2=2,3
        sync m2
        fetch t/3`),
    ).toMatchInlineSnapshot(`
     "> join m1 protocols=cooperative-sticky metadata=owned:none
       m1 <- joined as m1-1 generation 1 cooperative-sticky leader m1-1 members m1-1
     > sync m1 m1=0,1,2,3
       writes group generation 1 cooperative-sticky leader m1-1 m1-1=[0,1,2,3]
       m1 <- assignment [0,1,2,3]
     > join m2 protocols=cooperative-sticky metadata=owned:none
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > commit m1 t/3=41
       writes offset t/3 = 41
       m1 <- commit NONE
     > join m1 protocols=cooperative-sticky metadata=owned:0,1,2,3
       m1 <- joined as m1-1 generation 2 cooperative-sticky leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 2 cooperative-sticky leader m1-1
     > sync m1 m1=0,1
       writes group generation 2 cooperative-sticky leader m1-1 m1-1=[0,1] m2-2=[]
       m1 <- assignment [0,1]
     > sync m2
       m2 <- assignment []
     > join m1 protocols=cooperative-sticky metadata=owned:0,1
     > heartbeat m2
       m2 <- heartbeat REBALANCE_IN_PROGRESS
     > join m2 protocols=cooperative-sticky metadata=owned:none
       m1 <- joined as m1-1 generation 3 cooperative-sticky leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 3 cooperative-sticky leader m1-1
     > sync m1 m1=0,1 m2=2,3
       writes group generation 3 cooperative-sticky leader m1-1 m1-1=[0,1] m2-2=[2,3]
       m1 <- assignment [0,1]
     > sync m2
       m2 <- assignment [2,3]
     > fetch t/3
       t/3 = 41"
    `);
  });
});
