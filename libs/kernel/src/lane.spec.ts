import { describe, expect, it } from '@jest/globals';
import { Lane, LaneFull } from './lane.js';

describe('a lane', () => {
  it('runs tasks one after the other, in their order', async () => {
    const lane = new Lane('test', 8);
    const seen: string[] = [];
    let release = (): void => {};
    const first = lane.run(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      seen.push('first');
    });
    const second = lane.run(async () => void seen.push('second'));
    await Promise.resolve();
    expect(seen).toEqual([]);
    release();
    await Promise.all([first, second]);
    expect(seen).toEqual(['first', 'second']);
  });

  it('goes on after a task that failed, whose caller alone hears of it', async () => {
    const lane = new Lane('test', 8);
    const failed = lane.run(async () => {
      throw new Error('boom');
    });
    const next = lane.run(async () => 'next');
    await expect(failed).rejects.toThrow('boom');
    await expect(next).resolves.toBe('next');
    expect(lane.waiting).toBe(0);
  });

  it('refuses one task more than it may hold', async () => {
    const lane = new Lane('small', 1);
    const running = lane.run(async () => 1);
    await expect(lane.run(async () => 2)).rejects.toBeInstanceOf(LaneFull);
    await running;
    await expect(lane.run(async () => 3)).resolves.toBe(3);
  });
});
