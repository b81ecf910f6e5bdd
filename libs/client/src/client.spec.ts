import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { Metadata, Produce } from '@trunkline/protocol';
import { SimRandom } from '@trunkline/testing';
import { ScriptedWorld, codeOf, turns } from '../test/scripted-world.js';
import { KafkaClient } from './client.js';

let world: ScriptedWorld;
let client: KafkaClient;

beforeEach(() => {
  world = new ScriptedWorld();
  world.start();
  const { clock, brokers } = world;
  const ports = { network: brokers.network, clock, random: new SimRandom(1), crc32c, logger: silentLogger };
  client = new KafkaClient({ bootstrap: brokers.bootstrap }, ports);
});

afterEach(async () => {
  await world.within(60_000, client.close());
  await world.end();
});

describe('KafkaClient', () => {
  it('connects to nothing before it must', async () => {
    await turns();
    expect(world.brokers.dialled).toEqual([]);
    await client.connect();
    expect(world.brokers.dialled).toHaveLength(1);
  });

  it('closes the parts that it made', async () => {
    world.brokers.topics = [{ name: 't', leaders: [{ leader: 1, epoch: 0 }] }];
    const producer = client.producer();
    client.admin();
    client.consumer();
    await world.within(1_000, client.close());
    expect(await codeOf(producer.send({ topic: 't', value: null }))).toBe('CLOSED');
  });

  it('closes once, however often it is asked to', async () => {
    expect(client.close()).toBe(client.close());
    await client.close();
    expect(await codeOf(client.connect())).toBe('CLOSED');
  });

  it('does not wait longer than timeoutMs for a part that cannot close', async () => {
    world.brokers.topics = [{ name: 't', leaders: [{ leader: 1, epoch: 0 }] }];
    world.broker(1).on(Produce, () => 'silence');
    world.broker(1).on(Metadata, (body) => world.brokers.metadata(body));
    const sent = codeOf(client.producer({ idempotent: false } as object).send({ topic: 't', value: null }));
    await turns();
    await world.within(2_000, client.close({ timeoutMs: 1_000 }));
    expect(['CLOSED', 'DISCONNECTED', 'TIMED_OUT']).toContain(await world.within(10_000, sent));
  });
});
