import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('commits', () => {
  it('of a member that is no longer of the generation are refused', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0,1
        commit m1 t/0=1
        join m2
        commit m1 t/0=2
        tick 10000
        commit m1 t/0=3
        sync m2 m2=0,1
        commit m1 t/0=4
        commit m2 t/0=5
        fetch t/0`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0,1
       writes group generation 1 range leader m1-1 m1-1=[0,1]
       m1 <- assignment [0,1]
     > commit m1 t/0=1
       writes offset t/0 = 1
       m1 <- commit NONE
     > join m2
     > commit m1 t/0=2
       writes offset t/0 = 2
       m1 <- commit NONE
     > tick 10000
       at 10000 ms
       m2 <- joined as m2-2 generation 2 range leader m2-2 members m2-2
     > commit m1 t/0=3
       m1 <- commit UNKNOWN_MEMBER_ID
     > sync m2 m2=0,1
       writes group generation 2 range leader m2-2 m2-2=[0,1]
       m2 <- assignment [0,1]
     > commit m1 t/0=4
       m1 <- commit UNKNOWN_MEMBER_ID
     > commit m2 t/0=5
       writes offset t/0 = 5
       m2 <- commit NONE
     > fetch t/0
       t/0 = 5"
    `);
  });

  it('of an earlier generation are refused though the member is still one, as its heartbeats and syncs are', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0,1
        join m2
        join m1
        sync m1 m1=0 m2=1
        sync m2
        at m1 generation=1
        commit m1 t/0=1
        heartbeat m1
        sync m1 m1=0,1
        at m1 generation=3
        commit m1 t/0=1
        at m1 generation=-1
        commit m1 t/0=1
        at m1 generation=2
        commit m1 t/0=1`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0,1
       writes group generation 1 range leader m1-1 m1-1=[0,1]
       m1 <- assignment [0,1]
     > join m2
     > join m1
       m1 <- joined as m1-1 generation 2 range leader m1-1 members m1-1 m2-2
       m2 <- joined as m2-2 generation 2 range leader m1-1
     > sync m1 m1=0 m2=1
       writes group generation 2 range leader m1-1 m1-1=[0] m2-2=[1]
       m1 <- assignment [0]
     > sync m2
       m2 <- assignment [1]
     > at m1 generation=1
     > commit m1 t/0=1
       m1 <- commit ILLEGAL_GENERATION
     > heartbeat m1
       m1 <- heartbeat ILLEGAL_GENERATION
     > sync m1 m1=0,1
       m1 <- sync ILLEGAL_GENERATION
     > at m1 generation=3
     > commit m1 t/0=1
       m1 <- commit ILLEGAL_GENERATION
     > at m1 generation=-1
     > commit m1 t/0=1
       m1 <- commit ILLEGAL_GENERATION
     > at m1 generation=2
     > commit m1 t/0=1
       writes offset t/0 = 1
       m1 <- commit NONE"
    `);
  });

  it('wait for the assignment, and nobody may commit in the name of a group that has members', () => {
    expect(
      play(`
        join m1
        commit m1 t/0=1
        commit - t/0=1
        sync m1 m1=0
        commit - t/0=1
        commit m1 t/0=1
        leave m1
        commit - t/0=9:by-hand
        fetch t/0`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > commit m1 t/0=1
       m1 <- commit REBALANCE_IN_PROGRESS
     > commit - t/0=1
       - <- commit UNKNOWN_MEMBER_ID
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > commit - t/0=1
       - <- commit UNKNOWN_MEMBER_ID
     > commit m1 t/0=1
       writes offset t/0 = 1
       m1 <- commit NONE
     > leave m1
       writes group generation 2 empty
       m1 <- leave NONE
     > commit - t/0=9:by-hand
       writes offset t/0 = 9 by-hand
       - <- commit NONE
     > fetch t/0
       t/0 = 9 by-hand"
    `);
  });

  it('of nobody make a group that has offsets only, which a member may join', () => {
    expect(
      play(`
        commit m1 t/0=3
        commit - t/0=3 t/1=4
        list
        describe
        join m1
        sync m1 m1=0
        fetch t/0 t/1`),
    ).toMatchInlineSnapshot(`
     "> commit m1 t/0=3
       writes offset t/0 = 3
       m1 <- commit NONE
     > commit - t/0=3 t/1=4
       writes offset t/0 = 3
       writes offset t/1 = 4
       - <- commit NONE NONE
     > list
       g - Empty
     > describe
       Empty - -
     > join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > fetch t/0 t/1
       t/0 = 3
       t/1 = 4"
    `);
  });

  it('with too much metadata, or for more partitions than a group may have, are refused for that partition only', () => {
    expect(
      play(`
        config metadata=4 offsets=2
        commit - t/0=1:12345 t/1=2:1234
        fetch t/0 t/1
        commit - t/2=1 t/3=1 t/1=3
        fetch t/1 t/2 t/3`),
    ).toMatchInlineSnapshot(`
     "> config metadata=4 offsets=2
     > commit - t/0=1:12345 t/1=2:1234
       writes offset t/1 = 2 1234
       - <- commit OFFSET_METADATA_TOO_LARGE NONE
     > fetch t/0 t/1
       t/0 = nothing
       t/1 = 2 1234
     > commit - t/2=1 t/3=1 t/1=3
       writes offset t/2 = 1
       writes offset t/1 = 3
       - <- commit NONE INVALID_COMMIT_OFFSET_SIZE NONE
     > fetch t/1 t/2 t/3
       t/1 = 3
       t/2 = 1
       t/3 = nothing"
    `);
  });
});
