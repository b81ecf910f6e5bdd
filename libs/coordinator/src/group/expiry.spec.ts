import { describe, expect, it } from '@jest/globals';
import { play } from '../../test/group-script.js';

describe('what is old or not wanted', () => {
  it('goes seven days after a group became empty, offsets and group together', () => {
    expect(
      play(`
        join m1
        sync m1 m1=0
        commit m1 t/0=1
        leave m1
        tick 604000000
        fetch t/0
        tick 1200000
        list`),
    ).toMatchInlineSnapshot(`
     "> join m1
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > commit m1 t/0=1
       writes offset t/0 = 1
       m1 <- commit NONE
     > leave m1
       writes group generation 2 empty
       m1 <- leave NONE
     > tick 604000000
     > fetch t/0
       t/0 = 1
     > tick 1200000
       at 604800000 ms
       writes offset t/0 gone
       writes group gone
     > list"
    `);
  });

  it('goes seven days after its commit where nobody is a member, or the members do not read the topic any more', () => {
    expect(
      play(`
        commit - t/0=1 old/0=5
        tick 603600000
        join m1 topics=t session=1800000
        sync m1 m1=0
        tick 1200000
        fetch t/0 old/0
        list`),
    ).toMatchInlineSnapshot(`
     "> commit - t/0=1 old/0=5
       writes offset t/0 = 1
       writes offset old/0 = 5
       - <- commit NONE NONE
     > tick 603600000
     > join m1 topics=t session=1800000
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > tick 1200000
       at 604800000 ms
       writes offset old/0 gone
     > fetch t/0 old/0
       t/0 = 1
       old/0 = nothing
     > list
       g consumer Stable"
    `);
  });

  it('is deleted on demand, but not under the eyes of members', () => {
    expect(
      play(`
        delete-group
        delete-offsets t/0
        join m1 topics=t
        sync m1 m1=0
        commit m1 t/0=1 u/0=2
        delete-group
        delete-offsets t/0 u/0 u/9
        fetch t/0 u/0
        leave m1
        delete-offsets t/0
        delete-group
        list`),
    ).toMatchInlineSnapshot(`
     "> delete-group
       <- GROUP_ID_NOT_FOUND
     > delete-offsets t/0
       <- GROUP_ID_NOT_FOUND
     > join m1 topics=t
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > commit m1 t/0=1 u/0=2
       writes offset t/0 = 1
       writes offset u/0 = 2
       m1 <- commit NONE NONE
     > delete-group
       <- NON_EMPTY_GROUP
     > delete-offsets t/0 u/0 u/9
       writes offset u/0 gone
       <- GROUP_SUBSCRIBED_TO_TOPIC NONE NONE
     > fetch t/0 u/0
       t/0 = 1
       u/0 = nothing
     > leave m1
       writes group generation 2 empty
       m1 <- leave NONE
     > delete-offsets t/0
       writes offset t/0 gone
       <- NONE
     > delete-group
       writes group gone
       <- NONE
     > list"
    `);
  });

  it('is kept from deletion in groups that are not of consumers, and where a subscription cannot be read', () => {
    expect(
      play(`
        join m1 metadata=garbage
        sync m1 m1=0
        commit m1 t/0=1
        delete-offsets t/0
        leave m1
        join c1 type=connect protocols=default
        sync c1 c1=x
        delete-offsets t/0`),
    ).toMatchInlineSnapshot(`
     "> join m1 metadata=garbage
       m1 <- joined as m1-1 generation 1 range leader m1-1 members m1-1
     > sync m1 m1=0
       writes group generation 1 range leader m1-1 m1-1=[0]
       m1 <- assignment [0]
     > commit m1 t/0=1
       writes offset t/0 = 1
       m1 <- commit NONE
     > delete-offsets t/0
       <- GROUP_SUBSCRIBED_TO_TOPIC
     > leave m1
       writes group generation 2 empty
       m1 <- leave NONE
     > join c1 type=connect protocols=default
       c1 <- joined as c1-2 generation 3 default leader c1-2 members c1-2
     > sync c1 c1=x
       writes group generation 3 default leader c1-2 c1-2=[x]
       c1 <- assignment [x]
     > delete-offsets t/0
       <- NON_EMPTY_GROUP"
    `);
  });

  it('goes with its topic', () => {
    expect(
      play(`
        commit - t/0=1 t/1=1 u/0=2
        forget t
        fetch t/0 t/1 u/0`),
    ).toMatchInlineSnapshot(`
     "> commit - t/0=1 t/1=1 u/0=2
       writes offset t/0 = 1
       writes offset t/1 = 1
       writes offset u/0 = 2
       - <- commit NONE NONE NONE
     > forget t
       writes offset t/0 gone
       writes offset t/1 gone
     > fetch t/0 t/1 u/0
       t/0 = nothing
       t/1 = nothing
       u/0 = 2"
    `);
  });
});
