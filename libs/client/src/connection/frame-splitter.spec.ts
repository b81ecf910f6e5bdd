import { describe, expect, it } from '@jest/globals';
import { KafkaError } from '../error.js';
import { FrameSplitter } from './frame-splitter.js';

function frameOf(length: number, fill = 7): Uint8Array {
  const bytes = new Uint8Array(4 + length).fill(fill);
  new DataView(bytes.buffer).setInt32(0, length);
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function split(splitter: FrameSplitter, ...chunks: readonly Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (const chunk of chunks) splitter.push(chunk, (frame) => void frames.push(frame));
  return frames;
}

describe('FrameSplitter', () => {
  it('gives frames that came in one piece as views on it', () => {
    const bytes = join(frameOf(5), frameOf(9));
    const frames = split(new FrameSplitter(100), bytes);
    expect(frames.map(({ length }) => length)).toEqual([5, 9]);
    expect(frames.every(({ buffer }) => buffer === bytes.buffer)).toBe(true);
  });

  it('puts frames together however they were split', () => {
    const whole = join(frameOf(5, 1), frameOf(4, 2), frameOf(30, 3), frameOf(6, 4));
    for (let size = 1; size <= whole.length; size++) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.slice(at * size, (at + 1) * size),
      );
      const frames = split(new FrameSplitter(100), ...chunks);
      expect(frames.map((frame) => [frame.length, frame[0]])).toEqual([
        [5, 1],
        [4, 2],
        [30, 3],
        [6, 4],
      ]);
    }
  });

  it('copies only the frame that was split', () => {
    const second = frameOf(10);
    const chunk = join(frameOf(5), second.subarray(0, 8));
    const frames = split(new FrameSplitter(100), chunk, second.subarray(8));
    expect(frames[0]?.buffer).toBe(chunk.buffer);
    expect(frames[1]?.buffer).not.toBe(chunk.buffer);
    expect(frames[1]).toHaveLength(10);
  });

  it('says whether a frame has begun', () => {
    const splitter = new FrameSplitter(100);
    split(splitter, frameOf(5).subarray(0, 2));
    expect(splitter.isInside).toBe(true);
    split(splitter, frameOf(5).subarray(2));
    expect(splitter.isInside).toBe(false);
  });

  it('takes a frame of the greatest length', () => {
    expect(split(new FrameSplitter(100), frameOf(100))).toHaveLength(1);
  });

  for (const [what, size] of [
    ['longer than allowed', 101],
    ['of 2 GiB', 0x7fff_ffff],
    ['of negative length', -1],
    ['too short for a correlation id', 3],
    ['of no length', 0],
  ] as const)
    for (const byteByByte of [false, true])
      it(`refuses a frame ${what}${byteByByte ? ', byte by byte' : ''}, before it takes memory`, () => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setInt32(0, size);
        const chunks = byteByByte ? [...bytes].map((byte) => Uint8Array.of(byte)) : [bytes];
        expect(() => split(new FrameSplitter(100), ...chunks)).toThrow(KafkaError);
        expect(() => split(new FrameSplitter(100), ...chunks)).toThrow(/PROTOCOL_VIOLATION.*announced/);
      });

  it('takes memory only for what really came', () => {
    const splitter = new FrameSplitter(1 << 30);
    const announced = new Uint8Array(5);
    new DataView(announced.buffer).setInt32(0, 1 << 30);
    const before = process.memoryUsage().arrayBuffers;
    split(splitter, announced);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 22);
  });
});
