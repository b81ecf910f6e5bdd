import { describe, expect, it } from '@jest/globals';
import { play } from '../test/script.js';

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
});
