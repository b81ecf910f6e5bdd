import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@trunkline/testing';
import { create, register, topicNames } from '../../test/log-world.js';
import { QuorumWorld } from '../../test/quorum-world.js';

const SEED = Number(process.env['SEED'] ?? 1);

describe('the metadata of a quorum', () => {
  let world: QuorumWorld;
  afterEach(() => world.close());

  const knows = (id: number, names: readonly string[]): Promise<unknown> =>
    until(`node ${id} knows ${names.join()}`, () => topicNames(world.running.get(id)!.manager).join() === names.join());

  it('is the same on all voters, and only one decides', async () => {
    world = new QuorumWorld(SEED);
    await world.startAll();
    const { manager, id } = await world.active();
    await register(manager, world.random);
    await create(manager, 'a');
    for (const each of world.ids) await knows(each, ['a']);
    const other = world.running.get(id === 1 ? 2 : 1)!.manager;
    await expect(create(other, 'b')).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    expect(other.role).toMatchObject({ leaderId: id, isActive: false });
  });

  it('goes on with what was answered when its leader loses power, and the leader follows when it is back', async () => {
    world = new QuorumWorld(SEED + 1);
    await world.startAll();
    const first = await world.active();
    await register(first.manager, world.random);
    await create(first.manager, 'a');
    world.crash(first.id);
    const second = await world.active();
    expect(second.id).not.toBe(first.id);
    expect(topicNames(second.manager)).toEqual(['a']);
    await create(second.manager, 'b');
    await world.start(first.id);
    await knows(first.id, ['a', 'b']);
  });

  it('forgets nothing when all lose power at once', async () => {
    world = new QuorumWorld(SEED + 2);
    await world.startAll();
    const { manager } = await world.active();
    await register(manager, world.random);
    for (const name of ['a', 'b', 'c']) await create(manager, name);
    for (const id of world.ids) world.crash(id);
    await world.startAll();
    await world.active();
    for (const id of world.ids) await knows(id, ['a', 'b', 'c']);
  });

  it('takes back what a leader decided alone', async () => {
    world = new QuorumWorld(SEED + 3);
    await world.startAll();
    const first = await world.active();
    await register(first.manager, world.random);
    await create(first.manager, 'a');
    for (const id of world.ids) {
      world.cut.add(`${first.id}>${id}`);
      world.cut.add(`${id}>${first.id}`);
    }
    await expect(create(first.manager, 'alone')).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    const second = await until('another leads', () => {
      for (const [id, { manager }] of world.running) if (id !== first.id && manager.role.isActive) return manager;
      return undefined;
    });
    await create(second, 'b');
    world.cut.clear();
    await knows(first.id, ['a', 'b']);
    await until('the old leader follows', () => !first.manager.role.isActive);
  });

  it('gives a voter that was away for long a snapshot', async () => {
    world = new QuorumWorld(SEED + 4, [1, 2, 3], 600);
    await world.startAll();
    const { manager, id } = await world.active();
    await register(manager, world.random);
    const away = id === 1 ? 2 : 1;
    world.crash(away);
    const names = Array.from({ length: 12 }, (_, index) => `topic-${String(index).padStart(2, '0')}`);
    for (const name of names) await create(manager, name);
    await until('the log begins later', () => world.running.get(id)!.log.status.logStartOffset > 10);
    await world.start(away);
    await knows(away, names);
    world.crash(away);
    await world.start(away);
    await knows(away, names);
  });

  it('goes on when a snapshot came while its listeners were slow, and one of its own is due', async () => {
    world = new QuorumWorld(SEED + 7, [1, 2, 3], 600);
    await world.startAll();
    const { manager, id } = await world.active();
    await register(manager, world.random);
    const slow = id === 1 ? 2 : 1;
    const { manager: slowManager, log } = world.running.get(slow)!;
    let [isHeld, release] = [false, (): void => {}];
    const held = new Promise<void>((resolve) => void (release = resolve));
    await slowManager.subscribe(({ createdTopics }) => {
      if (isHeld || createdTopics.length === 0) return undefined;
      isHeld = true;
      return held;
    });
    await create(manager, 'topic-00');
    await until('the slow one is held', () => isHeld);
    for (const other of world.ids) world.cut.add(`${slow}>${other}`).add(`${other}>${slow}`);
    const names = ['topic-00'];
    const more = async (): Promise<void> => {
      for (let count = 0; count < 12; count++) {
        names.push(`topic-${String(names.length).padStart(2, '0')}`);
        await create(manager, names.at(-1)!);
      }
    };
    await more();
    world.cut.clear();
    await until('a snapshot comes', () => log.status.logStartOffset > 10);
    await more();
    await until('more comes behind it', () => log.bytesSinceSnapshot > 600);
    release();
    await knows(slow, names);
    expect(world.errors).toEqual([]);
  });

  it('repairs a voter whose log is damaged from the others', async () => {
    world = new QuorumWorld(SEED + 5);
    await world.startAll();
    const { manager, id } = await world.active();
    await register(manager, world.random);
    for (const name of ['a', 'b', 'c']) await create(manager, name);
    const hurt = id === 1 ? 2 : 1;
    await knows(hurt, ['a', 'b', 'c']);
    await world.running.get(hurt)!.manager.close();
    world.crash(hurt);
    const file = await world.disks.get(hurt)!.process().open('data/__cluster_metadata-0/00000000000000000000.log');
    await file.write(150, [Uint8Array.of(1, 2, 3, 4)]);
    await file.sync();
    await world.start(hurt);
    await knows(hurt, ['a', 'b', 'c']);
    await until('it may vote again', () => !world.running.get(hurt)!.log.status.needsRepair);
  });

  it('serves one voter alone', async () => {
    world = new QuorumWorld(SEED + 6, [1]);
    await world.startAll();
    const { manager } = await world.active();
    await register(manager, world.random);
    await create(manager, 'a');
    world.crash(1);
    await world.startAll();
    await world.active();
    await knows(1, ['a']);
  });
});
