import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeDisk } from './node-disk.js';

const disk = new NodeDisk();
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trunkline-disk-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = (value: string): Uint8Array => Buffer.from(value);
const isRoot = process.getuid?.() === 0;

describe('a file on disk', () => {
  it('holds what was written, now or later, in one chunk or many', async () => {
    const file = await disk.open(`${dir}/a`);
    await file.write(0, [text('one '), text('two ')]);
    file.writeNow(8, [text('three ')]);
    file.writeNow(14, [text('four '), text('five')]);
    expect(Buffer.from(await file.read(0, 100)).toString()).toBe('one two three four five');
    expect(await file.size()).toBe(23);
    await file.sync();
    await file.close();
    await file.close();
    expect(readFileSync(`${dir}/a`, 'utf8')).toBe('one two three four five');
  });

  it('writes more chunks than the system takes at once', async () => {
    const file = await disk.open(`${dir}/many`);
    const chunks = Array.from({ length: 5000 }, (_, n) => text(`${n};`));
    await file.write(0, chunks);
    const whole = Buffer.concat(chunks);
    expect(Buffer.from(await file.read(0, whole.length)).equals(whole)).toBe(true);
    file.writeNow(whole.length, chunks);
    expect(Buffer.from(await file.read(whole.length, whole.length)).equals(whole)).toBe(true);
    await file.close();
  });

  it('reads less only at its end, and is cut or filled with zeros by truncate', async () => {
    const file = await disk.open(`${dir}/b`);
    await file.write(0, [text('abcdef')]);
    expect(await file.read(4, 10)).toHaveLength(2);
    expect(await file.read(6, 10)).toHaveLength(0);
    await file.truncate(3);
    await file.truncate(5);
    expect([...(await file.read(0, 10))]).toEqual([97, 98, 99, 0, 0]);
    await file.close();
  });

  it('says ENOSPC when the disk takes no more', async () => {
    if (!existsSync('/dev/full')) return;
    const file = await disk.open('/dev/full');
    await expect(file.write(0, [text('x')])).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(() => file.writeNow(0, [text('x'), text('y')])).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    await file.close();
  });
});

describe('a directory on disk', () => {
  it('is made with its parents, listed in order, renamed into and removed from', async () => {
    await disk.makeDir(`${dir}/x/y/z`);
    await disk.makeDir(`${dir}/x/y/z`);
    for (const name of ['b', 'a', 'c']) await (await disk.open(`${dir}/x/y/${name}`)).close();
    expect(await disk.list(`${dir}/x/y`)).toEqual(['a', 'b', 'c', 'z']);
    await disk.rename(`${dir}/x/y/a`, `${dir}/x/y/c`);
    await disk.remove(`${dir}/x/y/z`);
    await disk.remove(`${dir}/x/y/missing`);
    await disk.syncDir(`${dir}/x/y`);
    expect(await disk.list(`${dir}/x/y`)).toEqual(['b', 'c']);
    await expect(disk.list(`${dir}/nowhere`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that cannot be made is refused, and never waited for', async () => {
    writeFileSync(`${dir}/file`, '');
    await expect(disk.makeDir(`${dir}/file`)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(disk.makeDir(`${dir}/file/below`)).rejects.toMatchObject({ code: 'ENOTDIR' });
    if (existsSync('/proc')) await expect(disk.makeDir('/proc/none/such')).rejects.toThrow('/proc/none');
  });

  it('tells how much room its volume has', async () => {
    const { freeBytes, totalBytes } = await disk.space(dir);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
});

describe('a lock', () => {
  /** Another process that takes the lock, says what came of it, and stays. */
  const rival = (path: string): { readonly child: ChildProcess; readonly said: Promise<string> } => {
    const code = `
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
      const database = new DatabaseSync(process.argv[1], { timeout: 0 });
      try { database.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE'); console.log('held'); }
      catch (error) { console.log('refused'); }
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    return { child, said: once(child.stdout!, 'data').then(([bytes]) => String(bytes).trim()) };
  };
  const kill = async (child: ChildProcess): Promise<void> => {
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  };

  it('is held by one at a time, and free again after release', async () => {
    const lock = await disk.lock(`${dir}/.lock`);
    await expect(disk.lock(`${dir}/.lock`)).rejects.toMatchObject({ code: 'ELOCKED' });
    await expect(new NodeDisk().lock(`${dir}/../${dir.split('/').at(-1)}/.lock`)).rejects.toMatchObject({
      code: 'ELOCKED',
    });
    await lock.release();
    await lock.release();
    await (await disk.lock(`${dir}/.lock`)).release();
  });

  it('keeps other processes out, also after a refused attempt of its own process', async () => {
    const lock = await disk.lock(`${dir}/.lock`);
    await expect(disk.lock(`${dir}/.lock`)).rejects.toMatchObject({ code: 'ELOCKED' });
    const { child, said } = rival(`${dir}/.lock`);
    expect(await said).toBe('refused');
    await kill(child);
    await lock.release();
  });

  it('ends with its process, however that ends', async () => {
    const { child, said } = rival(`${dir}/.lock`);
    expect(await said).toBe('held');
    await expect(disk.lock(`${dir}/.lock`)).rejects.toMatchObject({ code: 'ELOCKED' });
    await kill(child);
    await (await disk.lock(`${dir}/.lock`)).release();
  });

  it('in a directory that may not be written says why', async () => {
    await expect(disk.lock(`${dir}/missing/.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
    if (isRoot) return; // Nothing is forbidden to root.
    chmodSync(dir, 0o500);
    await expect(disk.lock(`${dir}/.lock`)).rejects.toMatchObject({ code: 'EACCES' });
    chmodSync(dir, 0o700);
  });
});
