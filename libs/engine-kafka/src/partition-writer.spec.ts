import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { Outgoing, PartitionWriter, PublishCall } from './partition-writer.js';

const LARGE = 1_000_000;
const waiting = (text: string, expiresAtMs = 1_000): Outgoing =>
  new Outgoing(undefined, utf8(text), new Map(), expiresAtMs, new PublishCall(1), 0);
const texts = (records: readonly Outgoing[]): string[] =>
  records.map(({ value }) => Buffer.from(value ?? []).toString());

function writerOf(...messages: Outgoing[]): PartitionWriter {
  const writer = new PartitionWriter('t', 0);
  writer.identity = { producerId: 9n, producerEpoch: 0 };
  for (const message of messages) writer.push(message);
  return writer;
}

describe('what waits for a partition', () => {
  it('leaves in batches, and the sequence counts messages', () => {
    const writer = writerOf(waiting('a'), waiting('b'));
    expect(texts(writer.next(LARGE).records)).toEqual(['a', 'b']);
    expect(writer.stamp()).toEqual({ producerId: 9n, producerEpoch: 0, baseSequence: 0 });
    writer.push(waiting('c'));
    expect(texts(writer.written())).toEqual(['a', 'b']);
    expect(texts(writer.next(LARGE).records)).toEqual(['c']);
    expect(writer.stamp().baseSequence).toBe(2);
  });

  it('is sent again as the same batch under the same sequence, whatever came meanwhile', () => {
    const writer = writerOf(waiting('a'));
    const batch = writer.next(LARGE);
    writer.push(waiting('b'));
    expect(writer.next(LARGE)).toBe(batch);
    expect(writer.stamp().baseSequence).toBe(0);
  });

  it('is cut where a batch would be too large, one message at least', () => {
    const writer = writerOf(waiting('x'.repeat(100)), waiting('y'.repeat(100)), waiting('z'));
    expect(writer.next(150).records.length).toBe(1);
    writer.written();
    expect(writer.next(10).records.length).toBe(1);
  });

  it('is sent one by one, in order, after a batch was too large', () => {
    const writer = writerOf(waiting('a'), waiting('b'));
    writer.next(LARGE);
    writer.push(waiting('c'));
    writer.push(waiting('d'));
    writer.split();
    const sent: string[][] = [];
    while (!writer.isEmpty) {
      sent.push(texts(writer.next(LARGE).records));
      writer.written();
    }
    expect(sent).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('goes on under an identity of its own when a batch was given up: nobody knows whether it was written', () => {
    const writer = writerOf(waiting('old', 10), waiting('young', 50));
    writer.next(40); // only the first fits
    expect(texts(writer.expired(20))).toEqual(['old']);
    expect(writer.identity).toBeUndefined();
    expect(writer.needsOwnIdentity).toBe(true);
    expect(texts(writer.next(LARGE).records)).toEqual(['young']);
    expect(writer.stamp().baseSequence).toBe(-1);
  });

  it('keeps its identity when only messages expire that were never sent', () => {
    const writer = writerOf(waiting('old', 10), waiting('young', 50));
    expect(texts(writer.expired(20))).toEqual(['old']);
    expect(writer.needsOwnIdentity).toBe(false);
  });

  it('begins the sequence again behind 2^31 - 1, as Kafka does', () => {
    const writer = writerOf();
    for (let written = 0; written < 2 ** 31 - 1;) {
      const count = Math.min(2 ** 20, 2 ** 31 - 1 - written);
      const records = { length: count } as unknown as Outgoing[];
      writer.batch = { writer, records };
      writer.written();
      written += count;
    }
    expect(writer.stamp().baseSequence).toBe(2 ** 31 - 1);
    writer.batch = { writer, records: [waiting('last')] };
    writer.written();
    expect(writer.stamp().baseSequence).toBe(0);
  });
});

describe('a call of publish', () => {
  it('settles when the last of its messages has, and names those that failed', async () => {
    const call = new PublishCall(3);
    call.done(0);
    call.done(2, Object.assign(new (await import('@trunkline/bus')).TrunklineError('ENGINE_REFUSED', 'no')));
    call.done(1);
    const failed = await call.settled.catch((reason: unknown) => reason);
    expect(failed).toMatchObject({ name: 'PublishFailed', code: 'ENGINE_REFUSED' });
    expect([...(Reflect.get(failed as object, 'failed') as Map<number, unknown>).keys()]).toEqual([2]);
  });
});
