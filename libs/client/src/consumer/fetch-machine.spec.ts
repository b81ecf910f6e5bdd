import { describe, expect, it } from '@jest/globals';
import { FetchScript, ONE, TWO, batchAt, code } from '../../test/fetch-script.js';

describe('FetchMachine', () => {
  it('opens a session, and then says only what changed in it', () => {
    const script = new FetchScript().image(TWO).add('t', 0, 5).add('t', 1, 0).work();
    script.answer('1.0', { t: { 0: { records: batchAt(5, 2) } } });
    script.answer('1.0', {});
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 5
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@5 t/1@0
     > 1.0 answers t/0 with records
       t/0 has 5 6, next 7
       1.0 session 500:1 wait 500: t/0@7
     > 1.0 answers nothing
       1.0 session 500:2 wait 500: as before"
    `);
  });

  it('starts anew without a pause when the broker has lost the session', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 5).work();
    script.answer('1.0', {});
    script.answer('1.0', {}, code('FETCH_SESSION_ID_NOT_FOUND'));
    script.answer('1.0', {});
    script.answer('1.0', {}, code('INVALID_FETCH_SESSION_EPOCH'));
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 5
       1.0 session 0:0 wait 500: t/0@5
     > 1.0 answers nothing
       1.0 session 500:1 wait 500: as before
     > 1.0 answers FETCH_SESSION_ID_NOT_FOUND
       1.0 session 0:0 wait 500: t/0@5
     > 1.0 answers nothing
       1.0 session 500:1 wait 500: as before
     > 1.0 answers INVALID_FETCH_SESSION_EPOCH
       1.0 session 500:0 wait 500: t/0@5"
    `);
  });

  it('goes on without a session when the broker keeps none', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 5).work();
    script.answer('1.0', { t: { 0: { records: batchAt(5, 1) } } }, { sessionId: 0 });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 5
       1.0 session 0:0 wait 500: t/0@5
     > 1.0 answers t/0 with records
       t/0 has 5, next 6
       1.0 session 0:0 wait 500: t/0@6"
    `);
  });

  it('fetches what comes while a fetch is parked on a side lane, and takes it along when that is back', () => {
    const script = new FetchScript().image(TWO).add('t', 0, 5).work();
    script.wait(100.25).add('t', 1, 0).work();
    script.answer('1.1', { t: { 1: { records: batchAt(0, 1) } } });
    script.wait(394.75).answer('1.1', {});
    script.wait(5).answer('1.0', {});
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 5
       1.0 session 0:0 wait 500: t/0@5
     > 100.25 ms later
     > add t/1 at 0
       1.1 session 0:-1 wait 400: t/1@0
     > 1.1 answers t/1 with records
       t/1 has 0, next 1
       1.1 session 0:-1 wait 400: t/1@1
     > 394.75 ms later
     > 1.1 answers nothing
       wake at 510
     > 5 ms later
       wake at 510
     > 1.0 answers nothing
       1.0 session 500:1 wait 500: t/1@1"
    `);
  });

  it('cuts the last side lane when every lane is parked', () => {
    const four = { t: { partitions: [1, 1, 1, 1].map((leader) => ({ leader, epoch: 1 })) } };
    const script = new FetchScript().image(four).add('t', 0, 0).work();
    for (const partition of [1, 2, 3]) script.add('t', partition, 0).work();
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1 n1e1 n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > add t/1 at 0
       1.1 session 0:-1 wait 500: t/1@0
     > add t/2 at 0
       1.2 session 0:-1 wait 500: t/2@0
     > add t/3 at 0
       cut 1.2
       1.2 session 0:-1 wait 500: t/3@0 t/2@0"
    `);
  });

  it('leaves a full partition out and takes it back when half of it is drained', () => {
    const bytes = batchAt(0, 10);
    const script = new FetchScript({ partitionPrefetchBytesMax: bytes.byteLength }).image(TWO);
    script.add('t', 0, 0).add('t', 1, 0).work();
    script.answer('1.0', { t: { 0: { records: bytes } } });
    const drain = (part: number): void => {
      script.do(`drain 1/${part}`, (machine) =>
        machine.drained(machine.reading('t', 0)!, Math.ceil(bytes.byteLength / part)),
      );
    };
    drain(3);
    drain(3);
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 0
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@0 t/1@0
     > 1.0 answers t/0 with records
       t/0 has 0 1 2 3 4 5 6 7 8 9, next 10
       1.0 session 500:1 wait 500: as before forget t/0
     > drain 1/3
     > drain 1/3
       1.1 session 0:-1 wait 500: t/0@10"
    `);
  });

  it('gives each partition its share when much waits in all, and never starves the empty ones', () => {
    const bytes = batchAt(0, 10);
    const script = new FetchScript({ prefetchBytesMax: bytes.byteLength * 2 }).image(TWO);
    script.add('t', 0, 0).add('t', 1, 0).work();
    script.answer('1.0', { t: { 0: { records: bytes } } });
    script.answer('1.0', { t: { 1: { records: bytes } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 0
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@0 t/1@0
     > 1.0 answers t/0 with records
       t/0 has 0 1 2 3 4 5 6 7 8 9, next 10
       1.0 session 500:1 wait 500: t/1@0 forget t/0
     > 1.0 answers t/1 with records
       t/1 has 0 1 2 3 4 5 6 7 8 9, next 10"
    `);
  });

  it('fetches a paused partition no more, and again when it is resumed', () => {
    const script = new FetchScript().image(TWO).add('t', 0, 0).add('t', 1, 0).work();
    script.do('pause t/0', (machine) => (machine.reading('t', 0)!.isPaused = true));
    script.answer('1.0', { t: { 0: { records: batchAt(0, 1) } } });
    script.do('resume t/0', (machine) => (machine.reading('t', 0)!.isPaused = false));
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 0
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@0 t/1@0
     > pause t/0
     > 1.0 answers t/0 with records
       t/0 has 0, next 1
       1.0 session 500:1 wait 500: as before forget t/0
     > resume t/0
       1.1 session 0:-1 wait 500: t/0@1"
    `);
  });

  it('throws away what comes for a position that was left, and fetches the new one at once', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 0).work();
    script.wait(50).do('seek t/0 to 40', (machine) => machine.seek(machine.reading('t', 0)!, 40, -1));
    script.answer('1.0', { t: { 0: { records: batchAt(0, 1) } } });
    script.answer('1.1', { t: { 0: { records: batchAt(40, 1) } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 0
       1.0 session 0:0 wait 500: t/0@0
     > 50 ms later
     > seek t/0 to 40
       1.1 session 0:-1 wait 450: t/0@40
     > 1.0 answers t/0 with records
     > 1.1 answers t/0 with records
       t/0 has 40, next 41
       1.0 session 500:1 wait 500: t/0@41"
    `);
  });

  it('says nothing of a partition that was removed', () => {
    const script = new FetchScript().image(TWO).add('t', 0, 0).add('t', 1, 0).work();
    script.do('remove t/0', (machine) => machine.remove(machine.reading('t', 0)!));
    script.answer('1.0', { t: { 0: { records: batchAt(0, 1) } } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1 n1e1
     > add t/0 at 0
     > add t/1 at 0
       1.0 session 0:0 wait 500: t/0@0 t/1@0
     > remove t/0
     > 1.0 answers t/0 with records
       1.0 session 500:1 wait 500: as before forget t/0"
    `);
  });

  it('drops records below the position, and offsets that nobody asked for', () => {
    const script = new FetchScript().image(ONE).add('t', 0, 12).work();
    script.answer('1.0', { t: { 0: { records: batchAt(10, 5) }, 7: { records: batchAt(0, 1) } }, other: { 0: {} } });
    expect(script.transcript).toMatchInlineSnapshot(`
     "> image t n1e1
     > add t/0 at 12
       1.0 session 0:0 wait 500: t/0@12
     > 1.0 answers t/0 with records t/7 with records other/0
       t/0 has 12 13 14, next 15
       1.0 session 500:1 wait 500: t/0@15"
    `);
  });
});
