import { describe, expect, it } from '@jest/globals';
import { play } from '../test/script.js';

/**
 * Stories. Each line behind `>` is what happens, the lines below it what the nodes make of it. Voters 1, 2, 3: the lower
 * the id, the sooner it stands. `quietly` leaves out what is told elsewhere.
 */
describe('three voters', () => {
  it('elect the first that stands, and copy what it is given', () => {
    expect(
      play(`
        voters 1 2 3
        elapse 400
        propose 1 hello
        settle
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > elapse 400
       1 -> 2 would you vote e0 log 0/e0
       1 -> 3 would you vote e0 log 0/e0
       1 is prospective e0
       2 -> 1 yes
       3 -> 1 yes
       1 persists e1 vote 1
       1 -> 2 vote e1 log 0/e0
       1 -> 3 vote e1 log 0/e0
       1 is candidate e1
       2 persists e1 vote 1
       2 -> 1 yes
       2 is unattached e1
       3 persists e1 vote 1
       3 -> 1 yes
       3 is unattached e1
       1 persists e1 vote 1 leader 1
       1 appends 0:leader 1 1:voters 1+2+3
       1 -> 2 i lead e1
       1 -> 3 i lead e1
       1 is leader e1
       2 persists e1 vote 1 leader 1
       2 -> 1 fetch 0/e0
       2 -> 1 ok
       2 is follower of 1 e1
       3 persists e1 vote 1 leader 1
       3 -> 1 fetch 0/e0
       3 -> 1 ok
       3 is follower of 1 e1
       1 -> 2 0:leader 1 1:voters 1+2+3, committed -1
       1 -> 3 0:leader 1 1:voters 1+2+3, committed -1
       2 appends 0:leader 1 1:voters 1+2+3
       2 -> 1 fetch 2/e1
       3 appends 0:leader 1 1:voters 1+2+3
       3 -> 1 fetch 2/e1
       1 -> 2 nothing new, committed 2
       1 commits up to 2
       1 is leader e1, ready
       1 -> 3 nothing new, committed 2
       2 -> 1 fetch 2/e1
       2 commits up to 2
       3 -> 1 fetch 2/e1
       3 commits up to 2
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
       1 commits up to 3
       1 says of the proposal at 2: NONE
       1 -> 3 nothing new, committed 3
       2 -> 1 fetch 3/e1
       2 commits up to 3
       3 -> 1 fetch 3/e1
       3 commits up to 3
     > logs
       1: leader 1/e1, voters 1+2+3/e1, hello/e1
       2: leader 1/e1, voters 1+2+3/e1, hello/e1
       3: leader 1/e1, voters 1+2+3/e1, hello/e1
     > roles
       1: leader e1, committed 3
       2: follower of 1 e1, committed 3
       3: follower of 1 e1, committed 3"
    `);
  });

  it('elect nobody in a split vote, and somebody in the next', () => {
    expect(
      play(`
        voters 1 2 3
        cut 1 3
        cut 2 3
        stand 1
        stand 2
        deliver
        deliver
        deliver
        deliver
        quietly elapse 2000
        roles
        heal
        quietly elapse 2000
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > cut 1 3
     > cut 2 3
     > stand 1
       1 -> 2 would you vote e0 log 0/e0
       1 -> 3 would you vote e0 log 0/e0
       1 is prospective e0
     > stand 2
       2 -> 1 would you vote e0 log 0/e0
       2 -> 3 would you vote e0 log 0/e0
       2 is prospective e0
     > deliver
       2 -> 1 yes
       1 -> 2 yes
     > deliver
       1 persists e1 vote 1
       1 -> 2 vote e1 log 0/e0
       1 -> 3 vote e1 log 0/e0
       1 is candidate e1
       2 persists e1 vote 2
       2 -> 1 vote e1 log 0/e0
       2 -> 3 vote e1 log 0/e0
       2 is candidate e1
     > deliver
       2 -> 1 no, nobody leads e1
       1 -> 2 no, nobody leads e1
     > deliver
     > quietly elapse 2000
     > roles
       1: leader e2, committed 2
       2: follower of 1 e2, committed 2
       3: prospective e0, committed 0
     > heal
     > quietly elapse 2000
     > roles
       1: leader e2, committed 2
       2: follower of 1 e2, committed 2
       3: follower of 1 e2, committed 2"
    `);
  });

  it('go on without their leader, and lose nothing that was committed', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        quietly propose 1 kept
        quietly settle
        crash 1
        elapse 1400
        propose 3 more
        quietly settle
        start 1
        quietly elapse 500
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > quietly propose 1 kept
     > quietly settle
     > crash 1
     > elapse 1400
       2 -> 1 fetch 3/e1
       3 -> 1 fetch 3/e1
       2 -> 1 would you vote e1 log 3/e1
       2 -> 3 would you vote e1 log 3/e1
       2 is prospective e1
       3 -> 2 no, 1 leads e1
       3 -> 1 would you vote e1 log 3/e1
       3 -> 2 would you vote e1 log 3/e1
       3 is prospective e1
       2 -> 3 yes
       3 persists e2 vote 3
       3 -> 1 vote e2 log 3/e1
       3 -> 2 vote e2 log 3/e1
       3 is candidate e2
       2 persists e2 vote 3
       2 -> 3 yes
       2 is unattached e2
       3 persists e2 vote 3 leader 3
       3 appends 3:leader 3
       3 -> 1 i lead e2
       3 -> 2 i lead e2
       3 is leader e2
       2 persists e2 vote 3 leader 3
       2 -> 3 fetch 3/e1
       2 -> 3 ok
       2 is follower of 3 e2
       3 -> 2 3:leader 3, committed -1
       2 appends 3:leader 3
       2 -> 3 fetch 4/e2
       3 -> 2 nothing new, committed 4
       3 commits up to 4
       3 is leader e2, ready
       2 -> 3 fetch 4/e2
       2 commits up to 4
       3 -> 2 nothing new, committed 4
       2 -> 3 fetch 4/e2
     > propose 3 more
       3 appends 4:more
       3 -> 2 4:more, committed 4
     > quietly settle
     > start 1
       1 -> 2 i lead e1 no more, try 2 3
       1 -> 3 i lead e1 no more, try 2 3
       1 is resigned e1
     > quietly elapse 500
     > logs
       1: leader 1/e1, voters 1+2+3/e1, kept/e1, leader 3/e2, more/e2
       2: leader 1/e1, voters 1+2+3/e1, kept/e1, leader 3/e2, more/e2
       3: leader 1/e1, voters 1+2+3/e1, kept/e1, leader 3/e2, more/e2
     > roles
       1: follower of 3 e2, committed 5
       2: follower of 3 e2, committed 5
       3: leader e2, committed 5"
    `);
  });

  it('do not wait for a leader whose process is gone: nobody listens there', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        kill 1
        elapse 150
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > kill 1
     > elapse 150
       2 -> 1 fetch 2/e1
       3 -> 1 fetch 2/e1
       2 -> 1 fetch 2/e1
       3 -> 1 fetch 2/e1
       2 -> 1 fetch 2/e1
       3 -> 1 fetch 2/e1
       2 -> 1 would you vote e1 log 2/e1
       2 -> 3 would you vote e1 log 2/e1
       2 is prospective e1
       3 -> 2 yes
       2 persists e2 vote 2
       2 -> 1 vote e2 log 2/e1
       2 -> 3 vote e2 log 2/e1
       2 is candidate e2
       3 persists e2 vote 2
       3 -> 2 yes
       3 is unattached e2
       2 persists e2 vote 2 leader 2
       2 appends 2:leader 2
       2 -> 1 i lead e2
       2 -> 3 i lead e2
       2 is leader e2
       3 persists e2 vote 2 leader 2
       3 -> 2 fetch 2/e1
       3 -> 2 ok
       3 is follower of 2 e2
       2 -> 3 2:leader 2, committed -1
       3 appends 2:leader 2
       3 -> 2 fetch 3/e2
       2 -> 3 nothing new, committed 3
       2 commits up to 3
       2 is leader e2, ready
       3 -> 2 fetch 3/e2
       3 commits up to 3
     > roles
       1: down
       2: leader e2, committed 3
       3: follower of 2 e2, committed 3"
    `);
  });

  it('move the lead when the leader is asked to, at once and in order', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        resign 1
        settle
        quietly elapse 0
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > resign 1
       1 -> 2 i lead e1 no more, try 2 3
       1 -> 3 i lead e1 no more, try 2 3
       1 -> 2 NOT_LEADER_OR_FOLLOWER, nobody leads e1
       1 -> 3 NOT_LEADER_OR_FOLLOWER, nobody leads e1
       1 is resigned e1
     > settle
       2 -> 1 would you vote e1 log 2/e1
       2 -> 3 would you vote e1 log 2/e1
       2 -> 1 ok
       2 is prospective e1
       3 -> 1 ok
       3 is unattached e1
       1 -> 2 yes
       3 -> 2 yes
       2 persists e2 vote 2
       2 -> 1 vote e2 log 2/e1
       2 -> 3 vote e2 log 2/e1
       2 is candidate e2
       1 persists e2 vote 2
       1 -> 2 yes
       1 is unattached e2
       3 persists e2 vote 2
       3 -> 2 yes
       3 is unattached e2
       2 persists e2 vote 2 leader 2
       2 appends 2:leader 2
       2 -> 1 i lead e2
       2 -> 3 i lead e2
       2 is leader e2
       1 persists e2 vote 2 leader 2
       1 -> 2 fetch 2/e1
       1 -> 2 ok
       1 is follower of 2 e2
       3 persists e2 vote 2 leader 2
       3 -> 2 fetch 2/e1
       3 -> 2 ok
       3 is follower of 2 e2
       2 -> 1 2:leader 2, committed -1
       2 -> 3 2:leader 2, committed -1
       1 appends 2:leader 2
       1 -> 2 fetch 3/e2
       3 appends 2:leader 2
       3 -> 2 fetch 3/e2
       2 -> 1 nothing new, committed 3
       2 commits up to 3
       2 is leader e2, ready
       2 -> 3 nothing new, committed 3
       1 -> 2 fetch 3/e2
       1 commits up to 3
       3 -> 2 fetch 3/e2
       3 commits up to 3
     > quietly elapse 0
     > roles
       1: follower of 2 e2, committed 3
       2: leader e2, committed 3
       3: follower of 2 e2, committed 3"
    `);
  });
});
