import { beforeEach, describe, expect, it } from '@jest/globals';
import { DIR, FIRST_LOG, LogWorld, create, register, topicNames } from '../test/log-world.js';
import type { MetadataManager } from './metadata-manager.js';

describe('a metadata log on a disk', () => {
  let world: LogWorld;
  let manager: MetadataManager;

  const begin = async (bytesBetweenSnapshots?: number): Promise<void> => {
    world = new LogWorld({ seed: 1 }, bytesBetweenSnapshots);
    manager = await world.open();
    await register(manager, world.random);
    await create(manager, 'a');
    await create(manager, 'b');
  };
  const sizeOf = (path: string): number => world.disk.peek(path).byteLength;
  const cut = async (path: string, size: number): Promise<void> => {
    const file = await world.disk.open(path);
    await file.truncate(size);
    await file.sync();
  };
  const overwrite = async (path: string, at: number, bytes: Uint8Array): Promise<void> => {
    const file = await world.disk.open(path);
    await file.write(at, [bytes]);
    await file.sync();
  };

  beforeEach(() => begin());

  it('has everything again after a kill, without a word', async () => {
    world.disk.kill();
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
    expect(world.warnings).toEqual([]);
  });

  it('loses nothing that the next life shows after a sync that failed, when later the power goes', async () => {
    world = new LogWorld({ seed: 1, odds: { keptPercent: 0 } });
    manager = await world.open();
    await register(manager, world.random);
    await create(manager, 'a');
    world.disk.fail('sync', /\.log$/, 'EIO');
    await expect(create(manager, 'b')).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' });
    world.disk.kill();
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
    world.disk.crash();
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
  });

  it('cuts off a write that a crash interrupted', async () => {
    const whole = sizeOf(FIRST_LOG);
    await create(manager, 'c');
    world.disk.kill();
    await cut(FIRST_LOG, sizeOf(FIRST_LOG) - 7);
    const again = await world.open();
    expect(topicNames(again)).toEqual(['a', 'b']);
    expect(sizeOf(FIRST_LOG)).toBe(whole);
    expect(world.warnings).toHaveLength(1);
    await create(again, 'd');
    world.disk.kill();
    expect(topicNames(await world.open())).toEqual(['a', 'b', 'd']);
  });

  it('cuts off a write of which a sector never came to the disk', async () => {
    const whole = sizeOf(FIRST_LOG);
    await create(manager, 'c', 200);
    world.disk.kill();
    await overwrite(FIRST_LOG, (Math.ceil(whole / 512) + 1) * 512, new Uint8Array(512));
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
  });

  it('refuses a log that is damaged before its end', async () => {
    world.disk.kill();
    world.disk.flip(FIRST_LOG, 70, 1);
    await expect(world.open()).rejects.toThrow(
      /00000000000000000000\.log is damaged: at byte 0: a sound batch .* follows/,
    );
  });

  it('refuses a last batch that is all there and not what was written', async () => {
    world.disk.kill();
    world.disk.flip(FIRST_LOG, sizeOf(FIRST_LOG) - 3, 1);
    await expect(world.open()).rejects.toThrow('the bytes are all there, and their checksum does not hold');
    expect(topicNames(manager)).toEqual(['a', 'b']);
  });

  it('refuses an end that was cut after the broker was closed in order, and goes on refusing', async () => {
    await manager.close();
    await cut(FIRST_LOG, sizeOf(FIRST_LOG) - 7);
    await expect(world.open()).rejects.toThrow('it was closed in order at offset');
    await expect(world.open()).rejects.toThrow('it was closed in order at offset');
  });

  it('forgets the orderly end once it was opened again', async () => {
    await manager.close();
    const again = await world.open();
    await create(again, 'c');
    world.disk.kill();
    await cut(FIRST_LOG, sizeOf(FIRST_LOG) - 7);
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
  });

  it('refuses a batch that is not where it belongs', async () => {
    const [first, second] = [sizeOf(FIRST_LOG), await create(manager, 'c').then(() => sizeOf(FIRST_LOG))];
    await overwrite(FIRST_LOG, second, world.disk.peek(FIRST_LOG).slice(first, second));
    world.disk.kill();
    await expect(world.open()).rejects.toThrow(/offset \d+ stands where \d+ belongs/);
  });

  it('writes a snapshot, begins a new file, and removes what lies below', async () => {
    await begin(300);
    await create(manager, 'c');
    const names = await world.disk.list(DIR);
    expect(names.filter((name) => name.endsWith('.checkpoint'))).toHaveLength(1);
    expect(names.filter((name) => name.endsWith('.log'))).toHaveLength(1);
    expect(names).not.toContain('00000000000000000000.log');
    world.disk.kill();
    const again = await world.open();
    expect(topicNames(again)).toEqual(['a', 'b', 'c']);
    await create(again, 'd');
    await again.close();
    expect(topicNames(await world.open())).toEqual(['a', 'b', 'c', 'd']);
  });

  it('removes snapshots that were never finished', async () => {
    await overwrite(`${DIR}/00000000000000000009-0000000000.checkpoint.tmp`, 0, Uint8Array.of(1, 2, 3));
    world.disk.kill();
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
    expect(await world.disk.list(DIR)).toEqual(['00000000000000000000.log']);
  });

  it('refuses to start from a damaged snapshot, and does not begin without it', async () => {
    await begin(300);
    world.disk.kill();
    const snapshot = (await world.disk.list(DIR)).find((name) => name.endsWith('.checkpoint')) ?? '';
    world.disk.flip(`${DIR}/${snapshot}`, 200, 3);
    await expect(world.open()).rejects.toThrow(/\.checkpoint is damaged: the checksum at byte \d+ does not hold/);
    world.disk.flip(`${DIR}/${snapshot}`, 200, 3);
    await cut(`${DIR}/${snapshot}`, sizeOf(`${DIR}/${snapshot}`) - 1);
    await expect(world.open()).rejects.toThrow('without its footer');
  });

  it('refuses to start when the log behind a snapshot is missing', async () => {
    await begin(300);
    world.disk.kill();
    const log = (await world.disk.list(DIR)).find((name) => name.endsWith('.log')) ?? '';
    await world.disk.remove(`${DIR}/${log}`);
    await expect(world.open()).rejects.toThrow(/the log from offset \d+ is missing \(there is none\)/);
  });

  it('takes nothing more after a sync that failed, and has what was answered after the next start', async () => {
    world.disk.fail('sync', /\.log$/, 'EIO');
    await expect(create(manager, 'c')).rejects.toThrow('takes no more until the broker starts again');
    await expect(create(manager, 'd')).rejects.toThrow('KAFKA_STORAGE_ERROR');
    expect(topicNames(manager)).toEqual(['a', 'b']);
    await manager.close();
    world.disk.crash();
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
  });

  it('says so when the disk is full, and the rest of the metadata can still be read', async () => {
    world.disk.capacityBytes = sizeOf(FIRST_LOG) + 20;
    const failed: string[] = [];
    manager.onFailed = ({ message }) => void failed.push(message);
    await expect(create(manager, 'c')).rejects.toThrow('ENOSPC');
    expect(failed).toHaveLength(1);
    expect(topicNames(manager)).toEqual(['a', 'b']);
    world.disk.kill();
    world.disk.capacityBytes = 1 << 20;
    expect(topicNames(await world.open())).toEqual(['a', 'b']);
  });
});
