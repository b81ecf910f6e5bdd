import { describe, expect, it } from '@jest/globals';
import { play } from '../test/script.js';

describe('voters', () => {
  it('are added once they have caught up, and count from the moment the change is appended', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        observer 4
        quietly elapse 400
        add 1 4
        settle
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > observer 4
       4 -> 2 fetch 0/e0
     > quietly elapse 400
     > add 1 4
       1 appends 2:voters 1+2+3+4
       1 -> 2 2:voters 1+2+3+4, committed 2
       1 -> 3 2:voters 1+2+3+4, committed 2
       1 -> 4 2:voters 1+2+3+4, committed 2
     > settle
       2 appends 2:voters 1+2+3+4
       2 -> 1 fetch 3/e1
       3 appends 2:voters 1+2+3+4
       3 -> 1 fetch 3/e1
       4 appends 2:voters 1+2+3+4
       4 -> 1 fetch 3/e1
       1 answers add voter 4: ok
       1 -> 2 nothing new, committed 3
       1 -> 3 nothing new, committed 3
       1 commits up to 3
       1 -> 4 nothing new, committed 3
       2 -> 1 fetch 3/e1
       2 commits up to 3
       3 -> 1 fetch 3/e1
       3 commits up to 3
       4 -> 1 fetch 3/e1
       4 commits up to 3
     > roles
       1: leader e1, committed 3
       2: follower of 1 e1, committed 3
       3: follower of 1 e1, committed 3
       4: follower of 1 e1, committed 3"
    `);
  });

  it('are added one at a time', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        observer 4
        observer 5
        quietly elapse 400
        add 1 4
        add 1 5
        quietly settle
        add 1 5
        quietly settle
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > observer 4
       4 -> 2 fetch 0/e0
     > observer 5
       5 -> 2 fetch 0/e0
     > quietly elapse 400
     > add 1 4
       1 appends 2:voters 1+2+3+4
       1 -> 2 2:voters 1+2+3+4, committed 2
       1 -> 3 2:voters 1+2+3+4, committed 2
       1 -> 4 2:voters 1+2+3+4, committed 2
       1 -> 5 2:voters 1+2+3+4, committed 2
     > add 1 5
       1 answers add voter 5: REQUEST_TIMED_OUT, 1 leads e1
     > quietly settle
     > add 1 5
       1 appends 3:voters 1+2+3+4+5
       1 -> 2 3:voters 1+2+3+4+5, committed 3
       1 -> 3 3:voters 1+2+3+4+5, committed 3
       1 -> 4 3:voters 1+2+3+4+5, committed 3
       1 -> 5 3:voters 1+2+3+4+5, committed 3
     > quietly settle
     > roles
       1: leader e1, committed 4
       2: follower of 1 e1, committed 4
       3: follower of 1 e1, committed 4
       4: follower of 1 e1, committed 4
       5: follower of 1 e1, committed 4"
    `);
  });

  it('are again who they were when a change is cut off', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        isolate 1
        lose
        remove 1 3
        logs
        quietly elapse 2500
        heal
        quietly elapse 3000
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > isolate 1
     > lose
     > remove 1 3
       1 appends 2:voters 1+2
       1 -> 2 2:voters 1+2, committed 2
       1 -> 3 2:voters 1+2, committed 2
     > logs
       1: leader 1/e1, voters 1+2+3/e1, voters 1+2/e1
       2: leader 1/e1, voters 1+2+3/e1
       3: leader 1/e1, voters 1+2+3/e1
     > quietly elapse 2500
     > heal
     > quietly elapse 3000
     > logs
       1: leader 1/e1, voters 1+2+3/e1, leader 3/e2
       2: leader 1/e1, voters 1+2+3/e1, leader 3/e2
       3: leader 1/e1, voters 1+2+3/e1, leader 3/e2
     > roles
       1: follower of 3 e2, committed 3
       2: follower of 3 e2, committed 3
       3: leader e2, committed 3"
    `);
  });

  it('may remove their leader, which leads until that is committed', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        remove 1 1
        settle
        quietly elapse 1000
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > remove 1 1
       1 appends 2:voters 2+3
       1 -> 2 2:voters 2+3, committed 2
       1 -> 3 2:voters 2+3, committed 2
     > settle
       2 appends 2:voters 2+3
       2 -> 1 fetch 3/e1
       3 appends 2:voters 2+3
       3 -> 1 fetch 3/e1
       1 -> 2 i lead e1 no more, try 2 3
       1 -> 3 i lead e1 no more, try 2 3
       1 answers remove voter 1: ok
       1 -> 2 nothing new, committed 3
       1 -> 3 nothing new, committed 3
       1 commits up to 3
       1 is resigned e1
       2 -> 3 would you vote e1 log 3/e1
       2 -> 1 ok
       2 is prospective e1
       3 -> 1 ok
       3 is unattached e1
       3 -> 2 yes
       2 persists e2 vote 2
       2 -> 3 vote e2 log 3/e1
       2 is candidate e2
       3 persists e2 vote 2
       3 -> 2 yes
       3 is unattached e2
       2 persists e2 vote 2 leader 2
       2 appends 3:leader 2
       2 -> 3 i lead e2
       2 is leader e2
       3 persists e2 vote 2 leader 2
       3 -> 2 fetch 3/e1
       3 -> 2 ok
       3 is follower of 2 e2
       2 -> 3 3:leader 2, committed -1
       3 appends 3:leader 2
       3 -> 2 fetch 4/e2
       2 -> 3 nothing new, committed 4
       2 commits up to 4
       2 is leader e2, ready
       3 -> 2 fetch 4/e2
       3 commits up to 4
     > quietly elapse 1000
     > roles
       1: observer, follower of 2 e2, committed 4
       2: leader e2, committed 4
       3: follower of 2 e2, committed 4"
    `);
  });

  it('of two can lose one that has appended its own removal: it stands once more, to have that committed', () => {
    expect(
      play(`
        voters 1 2
        quietly elapse 400
        cut 1 2
        lose
        remove 1 1
        crash 1
        heal
        start 1
        quietly elapse 3000
        logs
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2
     > quietly elapse 400
     > cut 1 2
     > lose
     > remove 1 1
       1 appends 2:voters 2
       1 -> 2 2:voters 2, committed 2
     > crash 1
     > heal
     > start 1
       1 -> 2 i lead e1 no more, try 2
       1 is resigned e1
     > quietly elapse 3000
     > logs
       1: leader 1/e1, voters 1+2/e1, voters 2/e1, leader 1/e2, leader 2/e3
       2: leader 1/e1, voters 1+2/e1, voters 2/e1, leader 1/e2, leader 2/e3
     > roles
       1: observer, follower of 2 e3, committed 5
       2: leader e3, committed 5"
    `);
  });

  it('with a blank disk are other voters: the old one is removed and the new one added', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        crash 3
        wipe 3
        start 3
        quietly elapse 1500
        roles
        remove 1 3
        quietly settle
        add 1 3-disk-3b
        settle
        roles`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > crash 3
     > wipe 3
     > start 3
       3 -> 1 fetch 0/e0
     > quietly elapse 1500
     > roles
       1: leader e1, committed 2
       2: follower of 1 e1, committed 2
       3: observer, follower of 1 e1, committed 2
     > remove 1 3
       1 appends 2:voters 1+2
       1 -> 2 2:voters 1+2, committed 2
       1 -> 3 2:voters 1+2, committed 2
     > quietly settle
     > add 1 3-disk-3b
       1 appends 3:voters 1+2+3
       1 -> 2 3:voters 1+2+3, committed 3
       1 -> 3 3:voters 1+2+3, committed 3
     > settle
       2 appends 3:voters 1+2+3
       2 -> 1 fetch 4/e1
       3 appends 3:voters 1+2+3
       3 -> 1 fetch 4/e1
       1 answers add voter 3: ok
       1 -> 2 nothing new, committed 4
       1 commits up to 4
       1 -> 3 nothing new, committed 4
       2 -> 1 fetch 4/e1
       2 commits up to 4
       3 -> 1 fetch 4/e1
       3 commits up to 4
     > roles
       1: leader e1, committed 4
       2: follower of 1 e1, committed 4
       3: follower of 1 e1, committed 4"
    `);
  });

  it('that listen elsewhere say so', () => {
    expect(
      play(`
        voters 1 2 3
        quietly elapse 400
        crash 2
        listen 2 rack-b 9093
        start 2
        settle
        logs`),
    ).toMatchInlineSnapshot(`
     "> voters 1 2 3
     > quietly elapse 400
     > crash 2
     > listen 2 rack-b 9093
     > start 2
       2 -> 1 fetch 2/e1
       2 is follower of 1 e1
     > settle
       1 -> 2 nothing new, committed 2
       1 -> 2 nothing new, committed 2
       2 -> 1 fetch 2/e1
       2 -> 1 i listen at rack-b:9093
       2 commits up to 2
       1 appends 2:voters 1+2@rack-b:9093+3
       1 -> 3 2:voters 1+2@rack-b:9093+3, committed 2
       1 -> 2 2:voters 1+2@rack-b:9093+3, committed 2
       3 appends 2:voters 1+2@rack-b:9093+3
       3 -> 1 fetch 3/e1
       2 appends 2:voters 1+2@rack-b:9093+3
       2 -> 1 fetch 3/e1
       1 -> 2 ok
       1 -> 3 nothing new, committed 3
       1 commits up to 3
       1 -> 2 nothing new, committed 3
       3 -> 1 fetch 3/e1
       3 commits up to 3
       2 -> 1 fetch 3/e1
       2 commits up to 3
     > logs
       1: leader 1/e1, voters 1+2+3/e1, voters 1+2@rack-b:9093+3/e1
       2: leader 1/e1, voters 1+2+3/e1, voters 1+2@rack-b:9093+3/e1
       3: leader 1/e1, voters 1+2+3/e1, voters 1+2@rack-b:9093+3/e1"
    `);
  });
});
