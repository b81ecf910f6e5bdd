import { describe, expect, it } from '@jest/globals';
import { play } from '../test/script.js';

describe('a disk', () => {
  it('that is slow delays what is said of it, and nothing else: a majority without it commits', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        slow 1
        propose 1 hello
        settle
        synced 1`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > slow 1
     > propose 1 hello
       1 appends 2:hello
       1 -> 2 2:hello, committed 2
       1 -> 3 2:hello, committed 2
     > settle
       2 appends 2:hello
       2 -> 1 fetch 3/e1
       3 appends 2:hello
       3 -> 1 fetch 3/e1
       1 -> 2 nothing new, committed 3
       1 -> 3 nothing new, committed 3
       1 commits up to 3
       1 says of the proposal at 2: NONE
       2 -> 1 fetch 3/e1
       2 commits up to 3
       3 -> 1 fetch 3/e1
       3 commits up to 3
     > synced 1"
    `);
  });

  it('of a follower that is slow is waited for before the follower asks for more', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        slow 2
        slow 3
        propose 1 hello
        settle
        synced 3
        settle`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > slow 2
     > slow 3
     > propose 1 hello
       1 appends 2:hello
       1 -> 2 2:hello, committed 2
       1 -> 3 2:hello, committed 2
     > settle
       2 appends 2:hello
       3 appends 2:hello
     > synced 3
       3 -> 1 fetch 3/e1
     > settle
       1 -> 3 nothing new, committed 3
       1 commits up to 3
       1 says of the proposal at 2: NONE
       3 -> 1 fetch 3/e1
       3 commits up to 3"
    `);
  });

  it('that has lost what it acknowledged keeps its replica from voting until it has caught up', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        quietly propose 1 hello
        quietly settle
        crash 3
        damage 3 2
        crash 1
        start 3
        quietly elapse 3000
        roles
        start 1
        quietly elapse 3000
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > quietly propose 1 hello
     > quietly settle
     > crash 3
     > damage 3 2
     > crash 1
     > start 3
       3 -> 1 fetch 2/e1
       3 is follower of 1 e1
     > quietly elapse 3000
     > roles
       1: down
       2: prospective e1, committed 3
       3: unattached e1, committed 0
     > start 1
       1 -> 2 i lead e1 no more, try 2 3
       1 -> 3 i lead e1 no more, try 2 3
       1 is resigned e1
     > quietly elapse 3000
     > roles
       1: follower of 2 e2, committed 4
       2: leader e2, committed 4
       3: follower of 2 e2, committed 4"
    `);
  });
});

describe('a voter that is alone', () => {
  it('leads at once, and commits what is on its disk', () => {
    expect(
      play(`
        voters 1
        slow 1
        propose 1 hello
        synced 1
        crash 1
        start 1
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1
       1 persists e1 vote 1 leader 1
       1 appends 0:leader 1 1:voters 1
       1 is leader e1
       1 commits up to 2
       1 is leader e1, ready
     > slow 1
     > propose 1 hello
       1 appends 2:hello
     > synced 1
       1 commits up to 3
       1 says of the proposal at 2: NONE
     > crash 1
     > start 1
       1 persists e2 vote 1 leader 1
       1 appends 3:leader 1
       1 is leader e2
       1 commits up to 4
       1 is leader e2, ready
     > logs
       1: leader 1/e1, voters 1/e1, hello/e1, leader 1/e2
     > roles
       1: leader e2, committed 4"
    `);
  });

  it('takes others in', () => {
    expect(
      play(`
        voters 1
        observer 2
        quietly elapse 400
        add 1 2
        settle
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1
       1 persists e1 vote 1 leader 1
       1 appends 0:leader 1 1:voters 1
       1 is leader e1
       1 commits up to 2
       1 is leader e1, ready
     > observer 2
       2 -> 1 fetch 0/e0
     > quietly elapse 400
     > add 1 2
     > settle
       1 -> 2 FENCED_LEADER_EPOCH, 1 leads e1
       2 persists e1 leader 1
       2 -> 1 fetch 0/e0
       2 is follower of 1 e1
       1 -> 2 0:leader 1 1:voters 1, committed 2
       2 appends 0:leader 1 1:voters 1
       2 commits up to 2
       2 -> 1 fetch 2/e1
       1 appends 2:voters 1+2
       1 -> 2 2:voters 1+2, committed 2
       2 appends 2:voters 1+2
       2 -> 1 fetch 3/e1
       1 answers add voter 2: ok
       1 -> 2 nothing new, committed 3
       1 commits up to 3
       2 -> 1 fetch 3/e1
       2 commits up to 3
     > roles
       1: leader e1, committed 3
       2: follower of 1 e1, committed 3"
    `);
  });
});
