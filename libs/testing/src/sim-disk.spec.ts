import { describe, expect, it } from '@jest/globals';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { SimDisk } from './sim-disk.js';

const disk = (seed = 1, keptPercent = 50): SimDisk => new SimDisk({ seed, odds: { keptPercent } });

describe('the simulated disk', () => {
  it('keeps what was synced, names and content', async () => {
    const sim = disk(1, 0);
    await sim.makeDir('/a/b');
    for (const dir of ['/', '/a']) await sim.syncDir(dir);
    const file = await sim.open('/a/b/x');
    await file.write(0, [utf8('one'), utf8('two')]);
    await file.sync();
    await sim.syncDir('/a/b');
    file.writeNow(6, [utf8('three')]);
    expect(fromUtf8(await file.read(0, 100))).toBe('onetwothree');
    sim.crash();
    expect(await sim.list('/a/b')).toEqual(['x']);
    expect(fromUtf8(sim.peek('/a/b/x'))).toBe('onetwo');
    await expect(file.read(0, 1)).rejects.toMatchObject({ code: 'EIO' });
  });

  it('forgets names that were not synced, and keeps a rename whole', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const sim = disk(seed);
      await sim.makeDir('/d');
      await sim.syncDir('/');
      const old = await sim.open('/d/x');
      await old.write(0, [utf8('old')]);
      await old.sync();
      await sim.syncDir('/d');
      const fresh = await sim.open('/d/x.tmp');
      await fresh.write(0, [utf8('new')]);
      await fresh.sync();
      await sim.rename('/d/x.tmp', '/d/x');
      sim.crash();
      expect(['old', 'new']).toContain(fromUtf8(sim.peek('/d/x')));
    }
  });

  it('tears unsynced writes by sectors, and leaves zeros where nothing was written', async () => {
    const fates = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const sim = disk(seed);
      const file = await sim.open('/x');
      await file.write(0, [new Uint8Array(100).fill(1)]);
      await file.sync();
      await sim.syncDir('/');
      await file.write(100, [new Uint8Array(1500).fill(2)]);
      sim.crash();
      const bytes = sim.peek('/x');
      expect([...bytes.subarray(0, 100)].every((byte) => byte === 1)).toBe(true);
      fates.add([200, 600, 1100, 1590].map((at) => bytes[at] ?? '-').join(''));
    }
    expect(fates.size).toBeGreaterThan(5);
  });

  it('takes nothing more once it is full, after what there was room for', async () => {
    const sim = new SimDisk({ seed: 1, capacityBytes: 10 });
    const file = await sim.open('/x');
    expect(() => file.writeNow(0, [new Uint8Array(6), new Uint8Array(6)])).toThrow('ENOSPC');
    expect(await file.size()).toBe(10);
    await file.sync();
  });

  it('loses for good what a failed sync should have saved', async () => {
    const sim = disk(1, 0);
    const file = await sim.open('/x');
    await sim.syncDir('/');
    await file.write(0, [utf8('gone')]);
    sim.fail('sync', /x/, 'EIO');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.sync();
    expect(fromUtf8(sim.peek('/x'))).toBe('gone');
    sim.crash();
    expect(fromUtf8(sim.peek('/x'))).not.toBe('gone');
  });

  it('does the same for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const sim = disk(seed);
      const file = await sim.open('/x');
      await sim.syncDir('/');
      for (let at = 0; at < 20_000; at += 700) await file.write(at, [new Uint8Array(700).fill(at & 255)]);
      sim.crash();
      return Buffer.from(sim.peek('/x')).toString('hex');
    };
    expect(await run(5)).toBe(await run(5));
    expect(await run(5)).not.toBe(await run(6));
  });
});
