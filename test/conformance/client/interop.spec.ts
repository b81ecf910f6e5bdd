import { expect, it } from '@jest/globals';
import { Consumer } from '@trunkline/client';
import { fromUtf8, utf8 } from '@trunkline/kernel';
import { partitionOfKey } from '@trunkline/protocol';
import { itUnless } from '@trunkline/testing';
import { type AdminWorld, describeAdmin } from './admin-kit.js';
import { type Codec, CODECS, PEERS, type Peer, type ReadRecord, type TextRecord } from './interop-peers.js';

const BEGIN_MS = Date.now() - 60_000;
const LONG = 'lorem ipsum '.repeat(500);

/** What every client must carry: headers, text beyond ASCII, a tombstone, no key, nothing, and much. */
const RECORDS: readonly TextRecord[] = [
  { key: 'k1', value: 'plain', headers: { trace: 'abc', lang: 'en' }, timestampMs: BEGIN_MS },
  { key: 'schlüssel-⚙', value: 'größe ✓', headers: {}, timestampMs: BEGIN_MS + 5 },
  { key: 'gone', value: null, headers: { why: 'deleted' }, timestampMs: BEGIN_MS + 10 },
  { key: null, value: 'no key', headers: {}, timestampMs: BEGIN_MS + 3 },
  { key: 'empty', value: '', headers: {}, timestampMs: BEGIN_MS + 11 },
  { key: 'long', value: LONG, headers: {}, timestampMs: BEGIN_MS + 12 },
];

const KEYS = Array.from({ length: 150 }, (_, index) => `${'ключ-key-鍵'.slice(0, index % 10)}${index * 7919}`);
const PARTITIONS = 7;

async function sendOurs(
  world: AdminWorld,
  topic: string,
  records: readonly TextRecord[],
  codec: Codec,
  partition?: number,
) {
  const producer = world.producer({ compression: codec });
  const sent = records.map(({ key, value, headers, timestampMs }) => ({
    topic,
    key,
    value,
    timestampMs,
    headers: Object.entries(headers).map(([name, of]) => ({ key: name, value: utf8(of) })),
    ...(partition !== undefined && { partition }),
  }));
  const metadata = await producer.sendAll(sent);
  await producer.close();
  return metadata;
}

async function readOurs(world: AdminWorld, topic: string, count: number): Promise<ReadRecord[]> {
  const { partitions } = (await world.admin.topics.describe([topic])).value(topic);
  const client = world.client();
  const consumer = new Consumer(client.cluster);
  await consumer.assign(partitions.map(({ partition }) => ({ topic, partition, offset: 'earliest' as const })));
  const read: ReadRecord[] = [];
  const untilMs = Date.now() + 20_000;
  while (read.length < count && Date.now() < untilMs) {
    for (const { partition, timestampMs, key, value, headers } of await consumer.poll(200)) {
      const pairs = headers.map((header) => [header.key, String(header.value && fromUtf8(header.value))]);
      read.push({
        partition,
        timestampMs,
        key: key && fromUtf8(key),
        value: value && fromUtf8(value),
        headers: Object.fromEntries(pairs) as Record<string, string>,
      });
    }
  }
  await consumer.close();
  return read;
}

/** What this peer can write of the records, as it should arrive. */
function writable({ writes }: Peer): TextRecord[] {
  const possible = writes.nulls
    ? RECORDS
    : RECORDS.filter(({ key, value }) => key !== null && value !== null && value !== '');
  return possible.map((record) => ({ ...record, headers: writes.headers ? record.headers : {} }));
}

const byKey = (records: readonly ReadRecord[]) => new Map(records.map(({ key, partition }) => [key, partition]));
const bare = ({ partition: _partition, ...record }: ReadRecord): TextRecord => record;

describeAdmin('other clients', (world) => {
  for (const peer of PEERS) {
    itUnless(peer.leftOut, `${peer.name} chooses the partitions that we choose`, async () => {
      const [ours, theirs] = [
        await world().topic({ partitions: PARTITIONS }),
        await world().topic({ partitions: PARTITIONS }),
      ];
      const records = KEYS.map((key) => ({ key, value: 'v', headers: {}, timestampMs: BEGIN_MS }));
      await sendOurs(world(), ours, records, 'none');
      await peer.write(world().running.bootstrap, theirs, records, 'none');
      const [mine, others] = [await readOurs(world(), ours, KEYS.length), await readOurs(world(), theirs, KEYS.length)];
      expect(byKey(others)).toEqual(byKey(mine));
      for (const [key, partition] of byKey(mine)) expect(partition).toBe(partitionOfKey(utf8(key!), PARTITIONS));
    });

    itUnless(peer.leftOut, `${peer.name} reads what we write, in every compression that it knows`, async () => {
      const topic = await world().topic({ partitions: 1 });
      for (const codec of peer.codecs) await sendOurs(world(), topic, RECORDS, codec, 0);
      const read = await peer.read(world().running.bootstrap, topic, RECORDS.length * peer.codecs.length);
      expect(read.map(bare)).toEqual(peer.codecs.flatMap(() => RECORDS));
    });

    for (const codec of peer.codecs) {
      itUnless(peer.leftOut, `${peer.name} writes what we read: ${codec}`, async () => {
        const topic = await world().topic({ partitions: 1 });
        const records = writable(peer);
        await peer.write(world().running.bootstrap, topic, records, codec);
        const read = (await readOurs(world(), topic, records.length)).map(bare);
        if (peer.writes.timestamps) expect(read).toEqual(records);
        else {
          expect(read.map((record) => ({ ...record, timestampMs: 0 }))).toEqual(
            records.map((record) => ({ ...record, timestampMs: 0 })),
          );
          expect(read.every(({ timestampMs }) => Math.abs(timestampMs - Date.now()) < 60_000)).toBe(true);
        }
      });
    }
  }

  it('beside us do not disturb the order within a partition', async () => {
    const topic = await world().topic({ partitions: 1 });
    for (const [index, codec] of CODECS.entries()) {
      const records = RECORDS.map((record) => ({ ...record, key: `${index}` }));
      const metadata = await sendOurs(world(), topic, records, codec, 0);
      expect(metadata.map(({ offset }) => offset)).toEqual(records.map((_, at) => index * records.length + at));
    }
    const read = await readOurs(world(), topic, CODECS.length * RECORDS.length);
    expect(read.map(({ key }) => key)).toEqual(CODECS.flatMap((_, index) => RECORDS.map(() => `${index}`)));
  });
});
