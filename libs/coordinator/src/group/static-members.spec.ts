import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('a static member', () => {
  it('restarts without a rebalance, takes over its assignment, and fences who it was', () => {
    expect(
      play(`
        join m1 static=i1
        sync m1 m1=0
        join m2 static=i2
        join m1
        sync m1 m1=0 m2=1
        sync m2
        forgets m2
        join m2 static=i2
        sync m2
        heartbeat m1
        join ghost static=i2 id=m2-2
        describe`),
    ).toMatchInlineSnapshot(`
     "> join m1 static=i1
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1
     > sync m1 m1=0
       writes group generation 1 range leader i1-1 i1-1=[0]
       m1 <- assignment [0]
     > join m2 static=i2
     > join m1
       m1 <- joined as i1-1 generation 2 range leader i1-1 members i1-1 i2-2
       m2 <- joined as i2-2 generation 2 range leader i1-1
     > sync m1 m1=0 m2=1
       writes group generation 2 range leader i1-1 i1-1=[0] i2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > forgets m2
     > join m2 static=i2
       writes group generation 2 range leader i1-1 i1-1=[0] i2-4=[1]
       m2 <- joined as i2-4 generation 2 range leader i1-1
     > sync m2
       m2 <- assignment [1]
     > heartbeat m1
       m1 <- heartbeat NONE
     > join ghost static=i2 id=m2-2
       ghost <- join FENCED_INSTANCE_ID m2-2
     > describe
       Stable consumer range
         i1-1 i1 [0]
         i2-4 i2 [1]"
    `);
  });

  it('that leads and restarts is told to keep the assignment where its version can hear it', () => {
    expect(
      play(`
        join m1 static=i1
        sync m1 m1=0
        forgets m1
        join m1 v9
        sync m1
        forgets m1
        join m1
        sync m1`),
    ).toMatchInlineSnapshot(`
     "> join m1 static=i1
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1
     > sync m1 m1=0
       writes group generation 1 range leader i1-1 i1-1=[0]
       m1 <- assignment [0]
     > forgets m1
     > join m1 v9
       writes group generation 1 range leader i1-2 i1-2=[0]
       m1 <- joined as i1-2 generation 1 range leader i1-2 members i1-2 skip assignment
     > sync m1
       m1 <- assignment [0]
     > forgets m1
     > join m1
       writes group generation 1 range leader i1-3 i1-3=[0]
       m1 <- joined as i1-3 generation 1 range leader i1-2
     > sync m1
       m1 <- assignment [0]"
    `);
  });

  it('that restarts during a rebalance lets the old one go and does not lose its place', () => {
    expect(
      play(`
        config delay=1
        join m1 static=i1
        join m2 static=i2
        tick 2
        sync m2
        forgets m2
        join m2
        join m1
        sync m1 m1=0 m2=1
        sync m2`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1 static=i1
     > join m2 static=i2
     > tick 2
       at 2 ms
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1 i2-2
       m2 <- joined as i2-2 generation 1 range leader i1-1
     > sync m2
     > forgets m2
     > join m2
       m2 <- sync FENCED_INSTANCE_ID
     > join m1
       m1 <- joined as i1-1 generation 2 range leader i1-1 members i1-1 i2-3
       m2 <- joined as i2-3 generation 2 range leader i1-1
     > sync m1 m1=0 m2=1
       writes group generation 2 range leader i1-1 i1-1=[0] i2-3=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]"
    `);
  });

  it('does not leave when it is away, but when its session ends or somebody removes it', () => {
    expect(
      play(`
        config delay=1
        join m1 static=i1 session=30000
        join m2 static=i2 session=30000
        tick 2
        sync m1 m1=0 m2=1
        sync m2
        remove i2
        remove i2
        join m1 session=30000
        sync m1 m1=0,1
        tick 29999
        describe
        tick 1
        describe`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1 static=i1 session=30000
     > join m2 static=i2 session=30000
     > tick 2
       at 2 ms
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1 i2-2
       m2 <- joined as i2-2 generation 1 range leader i1-1
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader i1-1 i1-1=[0] i2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > remove i2
       i2 <- remove NONE
     > remove i2
       i2 <- remove UNKNOWN_MEMBER_ID
     > join m1 session=30000
       m1 <- joined as i1-1 generation 2 range leader i1-1 members i1-1
     > sync m1 m1=0,1
       writes group generation 2 range leader i1-1 i1-1=[0,1]
       m1 <- assignment [0,1]
     > tick 29999
     > describe
       Stable consumer range
         i1-1 i1 [0,1]
     > tick 1
       at 30002 ms
       writes group generation 3 empty
     > describe
       Empty consumer -"
    `);
  });

  it('with another protocol makes the group join again', () => {
    expect(
      play(`
        config delay=1
        join m1 static=i1 protocols=range,sticky
        join m2 static=i2 protocols=range,sticky
        tick 2
        sync m1 m1=0 m2=1
        sync m2
        forgets m2
        join m2 protocols=sticky
        heartbeat m1
        join m1 protocols=range,sticky
        sync m1 m1=1 m2=0
        sync m2`),
    ).toMatchInlineSnapshot(`
     "> config delay=1
     > join m1 static=i1 protocols=range,sticky
     > join m2 static=i2 protocols=range,sticky
     > tick 2
       at 2 ms
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1 i2-2
       m2 <- joined as i2-2 generation 1 range leader i1-1
     > sync m1 m1=0 m2=1
       writes group generation 1 range leader i1-1 i1-1=[0] i2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > forgets m2
     > join m2 protocols=sticky
     > heartbeat m1
       m1 <- heartbeat REBALANCE_IN_PROGRESS
     > join m1 protocols=range,sticky
       m1 <- joined as i1-1 generation 2 sticky leader i1-1 members i1-1 i2-3
       m2 <- joined as i2-3 generation 2 sticky leader i1-1
     > sync m1 m1=1 m2=0
       writes group generation 2 sticky leader i1-1 i1-1=[1] i2-3=[0]
       m1 <- assignment [1]
     > sync m2
       m2 <- assignment [0]"
    `);
  });

  it('with other topics makes the group join again, with another memory of what it owned it does not', () => {
    expect(
      play(`
        join m1 static=i1 topics=t
        sync m1 m1=0
        forgets m1
        join m1 topics=u,t
        sync m1 m1=0,1
        join m2 static=i2 metadata=owned:none
        join m1 topics=u,t
        sync m1 m1=0 m2=1
        forgets m2
        join m2 metadata=owned:1
        heartbeat m1`),
    ).toMatchInlineSnapshot(`
     "> join m1 static=i1 topics=t
       m1 <- joined as i1-1 generation 1 range leader i1-1 members i1-1
     > sync m1 m1=0
       writes group generation 1 range leader i1-1 i1-1=[0]
       m1 <- assignment [0]
     > forgets m1
     > join m1 topics=u,t
       m1 <- joined as i1-2 generation 2 range leader i1-2 members i1-2
     > sync m1 m1=0,1
       writes group generation 2 range leader i1-2 i1-2=[0,1]
       m1 <- assignment [0,1]
     > join m2 static=i2 metadata=owned:none
     > join m1 topics=u,t
       m1 <- joined as i1-2 generation 3 range leader i1-2 members i1-2 i2-3
       m2 <- joined as i2-3 generation 3 range leader i1-2
     > sync m1 m1=0 m2=1
       writes group generation 3 range leader i1-2 i1-2=[0] i2-3=[1]
       m1 <- assignment [0]
     > forgets m2
     > join m2 metadata=owned:1
       writes group generation 3 range leader i1-2 i1-2=[0] i2-5=[1]
       m2 <- joined as i2-5 generation 3 range leader i1-2
     > heartbeat m1
       m1 <- heartbeat NONE"
    `);
  });
});
