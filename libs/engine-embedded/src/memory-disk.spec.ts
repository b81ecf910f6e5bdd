import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { NodeDisk } from '@trunkline/platform';
import fc from 'fast-check';
import { MemoryDisk } from './memory-disk.js';

const MIB = 1024 * 1024;

describe('a disk in memory', () => {
  const real = mkdtemp(join(tmpdir(), 'trunkline-memory-disk-'));
  afterAll(async () => rm(await real, { recursive: true, force: true }));

  it('reads, writes and cuts like files on a real disk', async () => {
    let round = 0;
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('write' as const),
        at: fc.nat(200_000),
        length: fc.integer({ min: 1, max: 90_000 }),
      }),
      fc.record({ kind: fc.constant('truncate' as const), at: fc.nat(250_000), length: fc.constant(0) }),
      fc.record({ kind: fc.constant('read' as const), at: fc.nat(250_000), length: fc.nat(150_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const name = `${await real}/${round++}`;
        const memory = new MemoryDisk(64 * MIB);
        await memory.makeDir('/d');
        const ours = await memory.open('/d/file');
        const theirs = await new NodeDisk().open(name);
        for (const [index, { kind, at, length }] of steps.entries()) {
          if (kind === 'write') {
            const bytes = new Uint8Array(length).fill(index + 1);
            const halves = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)];
            await ours.write(at, halves);
            await theirs.write(
              at,
              halves.filter(({ byteLength }) => byteLength > 0),
            );
          } else if (kind === 'truncate') {
            await ours.truncate(at);
            await theirs.truncate(at);
          } else {
            expect(Buffer.compare(await ours.read(at, length), await theirs.read(at, length))).toBe(0);
          }
          expect(await ours.size()).toBe(await theirs.size());
        }
        const size = await theirs.size();
        expect(Buffer.compare(await ours.read(0, size), await theirs.read(0, size))).toBe(0);
        await theirs.close();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps names: lists, renames, replaces and removes', async () => {
    const disk = new MemoryDisk(MIB);
    await disk.makeDir('/a/b');
    await (await disk.open('/a/b/one')).write(0, [Buffer.from('1')]);
    await (await disk.open('/a/b/two')).write(0, [Buffer.from('2')]);
    expect(await disk.list('/a')).toEqual(['b']);
    await disk.rename('/a/b/one', '/a/b/two');
    expect(await disk.list('/a/b')).toEqual(['two']);
    expect(Buffer.from(await (await disk.open('/a/b/two')).read(0, 9)).toString()).toBe('1');
    await disk.rename('/a/b', '/a/c');
    expect(await disk.list('/a')).toEqual(['c']);
    expect(await disk.list('/a/c')).toEqual(['two']);
    await disk.remove('/a/c');
    expect(await disk.list('/a')).toEqual([]);
    await expect(disk.list('/a/c')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(disk.open('/nowhere/file')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is full when it is full, and has room again when something is removed', async () => {
    const disk = new MemoryDisk(MIB);
    await disk.makeDir('/d');
    const file = await disk.open('/d/file');
    await file.write(0, [new Uint8Array(MIB)]);
    await expect(file.write(MIB, [new Uint8Array(1)])).rejects.toMatchObject({ code: 'ENOSPC' });
    expect((await disk.space()).freeBytes).toBe(0);
    await disk.remove('/d/file');
    expect((await disk.space()).freeBytes).toBe(MIB);
  });

  it('takes no memory for holes', async () => {
    const disk = new MemoryDisk(MIB);
    await disk.makeDir('/d');
    const file = await disk.open('/d/index');
    await file.truncate(1024 * MIB);
    await file.write(512 * MIB, [new Uint8Array(10)]);
    expect((await disk.space()).freeBytes).toBeGreaterThan(MIB / 2);
  });

  it('locks a path once', async () => {
    const disk = new MemoryDisk(MIB);
    const lock = await disk.lock('/d/.lock');
    await expect(disk.lock('/d/.lock')).rejects.toMatchObject({ code: 'ELOCKED' });
    await lock.release();
    await disk.lock('/d/.lock');
  });
});
