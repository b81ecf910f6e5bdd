import { describe, expect, it } from '@jest/globals';
import { play } from '../test/script.js';

describe('a leader that was cut off', () => {
  it('gives up what only it had: the fork is cut off from where both logs were one', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        isolate 1
        propose 1 lost
        propose 1 lost-too
        quietly elapse 2400
        propose 3 kept
        quietly settle
        logs
        heal
        quietly elapse 200
        elapse 300
        logs`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > isolate 1
     > propose 1 lost
       1 appends 2:lost
       1 -> 2 2:lost, committed 2
       1 -> 3 2:lost, committed 2
     > propose 1 lost-too
       1 appends 3:lost-too
     > quietly elapse 2400
     > propose 3 kept
       3 appends 3:kept
       3 -> 2 3:kept, committed 3
     > quietly settle
     > logs
       1: leader 1/e1, voters 1+2+3/e1, lost/e1, lost-too/e1
       2: leader 1/e1, voters 1+2+3/e1, leader 3/e2, kept/e2
       3: leader 1/e1, voters 1+2+3/e1, leader 3/e2, kept/e2
     > heal
     > quietly elapse 200
     > elapse 300
       3 -> 2 nothing new, committed 4
       2 -> 3 fetch 4/e2
       3 -> 1 nothing new, committed 4
       1 -> 3 fetch 4/e2
     > logs
       1: leader 1/e1, voters 1+2+3/e1, leader 3/e2, kept/e2
       2: leader 1/e1, voters 1+2+3/e1, leader 3/e2, kept/e2
       3: leader 1/e1, voters 1+2+3/e1, leader 3/e2, kept/e2"
    `);
  });

  it('notices that it hears no majority, and resigns', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        isolate 1
        quietly elapse 1600
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > isolate 1
     > quietly elapse 1600
     > roles
       1: resigned e1, committed 2
       2: follower of 3 e2, committed 3
       3: leader e2, committed 3"
    `);
  });
});

describe('a follower that was cut off', () => {
  it('asks before it stands, begins no epoch, and disturbs nobody when it returns', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        isolate 3
        quietly elapse 5000
        roles
        heal
        lose
        elapse 500
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > isolate 3
     > quietly elapse 5000
     > roles
       1: leader e1, committed 2
       2: follower of 1 e1, committed 2
       3: prospective e1, committed 2
     > heal
     > lose
     > elapse 500
       1 -> 2 nothing new, committed 2
       2 -> 1 fetch 2/e1
       3 -> 1 would you vote e1 log 2/e1
       3 -> 2 would you vote e1 log 2/e1
       1 -> 3 no, 1 leads e1
       2 -> 3 no, 1 leads e1
       3 -> 1 fetch 2/e1
       3 is follower of 1 e1
       1 -> 2 nothing new, committed 2
       2 -> 1 fetch 2/e1
     > roles
       1: leader e1, committed 2
       2: follower of 1 e1, committed 2
       3: follower of 1 e1, committed 2"
    `);
  });

  it('that lacks too much takes the snapshot, piece by piece, and then the rest of the log', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        isolate 3
        lose
        propose 1 one
        propose 1 two
        quietly settle
        snapshot 1
        propose 1 three
        quietly settle
        snapshot 1
        propose 1 four
        quietly settle
        heal
        elapse 1400
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > isolate 3
     > lose
     > propose 1 one
       1 appends 2:one
       1 -> 2 2:one, committed 2
       1 -> 3 2:one, committed 2
     > propose 1 two
       1 appends 3:two
     > quietly settle
     > snapshot 1
     > propose 1 three
       1 appends 4:three
       1 -> 2 4:three, committed 4
     > quietly settle
     > snapshot 1
       1 begins its log at 4
     > propose 1 four
       1 appends 5:four
       1 -> 2 5:four, committed 5
     > quietly settle
     > heal
     > elapse 1400
       1 -> 2 nothing new, committed 6
       2 -> 1 fetch 6/e1
       1 -> 3 i lead e1
       3 -> 1 ok
       1 -> 2 nothing new, committed 6
       2 -> 1 fetch 6/e1
       1 -> 2 nothing new, committed 6
       2 -> 1 fetch 6/e1
       1 -> 3 i lead e1
       3 -> 1 ok
       3 -> 1 fetch 2/e1
       1 -> 3 take snapshot 5/e1
       3 -> 1 fetch snapshot 5/e1 from 0
       1 -> 3 bytes 0-5 of 10
       3 keeps 5 bytes from 0
       3 -> 1 fetch snapshot 5/e1 from 5
       1 -> 3 bytes 5-10 of 10
       3 keeps 5 bytes from 5
       3 installs snapshot 5/e1
       3 -> 1 fetch 5/e1
       3 commits up to 5
       1 -> 3 5:four, committed 6
       3 appends 5:four
       3 commits up to 6
       3 -> 1 fetch 6/e1
       1 -> 2 nothing new, committed 6
       2 -> 1 fetch 6/e1
       1 -> 3 nothing new, committed 6
       3 -> 1 fetch 6/e1
     > logs
       1: (from 4) three/e1, four/e1
       2: leader 1/e1, voters 1+2+3/e1, one/e1, two/e1, three/e1, four/e1
       3: (from 5) four/e1
     > roles
       1: leader e1, committed 6
       2: follower of 1 e1, committed 6
       3: follower of 1 e1, committed 6"
    `);
  });
});
