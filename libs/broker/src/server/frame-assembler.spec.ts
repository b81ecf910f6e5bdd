import { describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import fc from 'fast-check';
import { FrameAssembler, FrameRefused } from './frame-assembler.js';

function framed(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.byteLength);
  new DataView(frame.buffer).setInt32(0, body.byteLength);
  frame.set(body, 4);
  return frame;
}

function pushed(assembler: FrameAssembler, pieces: Iterable<Uint8Array>): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (const piece of pieces) {
    assembler.push(piece);
    for (let frame = assembler.next(); frame !== undefined; frame = assembler.next()) frames.push(frame);
  }
  return frames;
}

describe('a frame assembler', () => {
  it('finds the same frames however the bytes are split, merged and laid out in memory', () => {
    const bodies = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 30 }),
        fc.nat(20_000).map((size) => new Uint8Array(size).fill(size)),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(6000)), fc.array(fc.boolean()), (wanted, cuts, copied) => {
        const stream = concatBytes([new Uint8Array(0), ...wanted.map(framed)]);
        const pieces: Uint8Array[] = [];
        for (let at = 0, n = 0; at < stream.byteLength; n++) {
          const until = at + Math.max(1, cuts[n % Math.max(1, cuts.length)] ?? 5000);
          const piece = stream.subarray(at, until);
          pieces.push(copied[n % Math.max(1, copied.length)] === true ? piece.slice() : piece);
          at = until;
        }
        const assembler = new FrameAssembler(1 << 20);
        const frames = pushed(assembler, pieces);
        expect(frames.map((frame) => Buffer.from(frame).toString('base64'))).toEqual(
          wanted.map((body) => Buffer.from(body).toString('base64')),
        );
        expect(assembler.bufferedBytes).toBe(0);
        expect(assembler.frameBytes).toBeUndefined();
      }),
    );
  });

  it('copies nothing of frames that lie in one piece of memory, though they came in many', () => {
    const slab = new Uint8Array(1000);
    slab.set(framed(new Uint8Array(300).fill(1)));
    slab.set(framed(new Uint8Array(200).fill(2)), 304);
    const pieces = Array.from({ length: 51 }, (_, at) => slab.subarray(at * 10, Math.min(508, at * 10 + 10)));
    for (const frame of pushed(new FrameAssembler(1000), pieces)) expect(frame.buffer).toBe(slab.buffer);
  });

  it('needs time and memory by the bytes that came, not by the pieces', () => {
    const body = new Uint8Array(1024 * 1024);
    const frame = framed(body);
    const assembler = new FrameAssembler(body.byteLength);
    const beganMs = performance.now();
    for (let at = 0; at < frame.byteLength; at += 3) assembler.push(frame.slice(at, at + 3));
    expect(assembler.next()).toHaveLength(body.byteLength);
    expect(performance.now() - beganMs).toBeLessThan(10_000); // Copying all for each piece would take minutes.
  });

  it('passes a size at the limit and refuses one above it, and a negative one', () => {
    const assembler = new FrameAssembler(100);
    expect(pushed(assembler, [framed(new Uint8Array(100))])).toHaveLength(1);
    for (const size of [101, 2 ** 31 - 1, -1, -(2 ** 31)]) {
      const refusing = new FrameAssembler(100);
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setInt32(0, size);
      refusing.push(bytes);
      expect(() => refusing.next()).toThrow(FrameRefused);
      expect(() => refusing.next()).toThrow(`a request of ${size} bytes; 100 are allowed`);
    }
  });

  it.each([
    ['TLS', Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00)],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n')],
    ['HTTP', new TextEncoder().encode('POST /x HTTP/1.1\r\n')],
  ])('recognizes %s', (name, bytes) => {
    const assembler = new FrameAssembler(100 * 1024 * 1024);
    assembler.push(bytes);
    expect(() => assembler.next()).toThrow(`the first bytes of ${name}`);
  });
});
