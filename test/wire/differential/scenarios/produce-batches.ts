import { utf8 } from '@trunkline/kernel';
import { AT, batch, broken, fetch, keepBatches, patched, produce } from '../batches.js';
import type { Conversation } from '../conversation.js';
import { type Scenario, decided, scenarios } from '../scenario.js';
import { type TopicWish, makeTopic } from '../topics.js';

/** A scenario that produces these bytes to a new topic, in two versions: with and without record errors. */
const refuses =
  (base: string, bytes: Uint8Array, wish: TopicWish = {}) =>
  async (on: Conversation): Promise<void> => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, `batch-${base}`, wish);
    await produce(on, client, 'new', topic, bytes, { version: 11 });
    await produce(on, client, 'old', topic, bytes, { version: 7 });
    await keepBatches(on, client, 'log', topic);
  };

const two = batch(['a', 'b']);
const packed = batch(['a'.repeat(200), 'b'.repeat(200)], { compression: 'gzip' });
const compacted = { configs: { 'cleanup.policy': 'compact' } };
const keyed = { key: utf8('k'), value: utf8('v'), timestampMs: Date.now() };
const unkeyed = { value: utf8('v'), timestampMs: Date.now() };
const small = { configs: { 'max.message.bytes': '200' } };

const codec = (bits: number): Uint8Array => patched(two, AT.attributes, 0, bits);

const EQUAL = scenarios('produce', {
  'a wrong CRC': refuses('crc', broken(two, AT.crc, 1, 2, 3, 4)),
  'a wrong CRC around compressed records': refuses('crc-packed', broken(packed, AT.crc, 1, 2, 3, 4)),
  'magic 0': refuses('magic-0', patched(two, AT.magic, 0)),
  'magic 1': refuses('magic-1', patched(two, AT.magic, 1)),
  'magic 3': refuses('magic-3', patched(two, AT.magic, 3)),
  'no batch': refuses('none', new Uint8Array(0)),
  'a batch without records': refuses('empty', batch([])),
  'bytes that are not a batch': refuses('few', new Uint8Array([1, 2, 3])),
  'a header that ends early': refuses('header', two.subarray(0, 40)),
  'a batch that ends early': refuses('early', two.subarray(0, two.byteLength - 3)),
  'a length beyond the bytes': refuses('length', patched(two, AT.length, 0, 0, 4, 0)),
  'a length that is too short for a header': refuses('short', patched(two, AT.length, 0, 0, 0, 5)),
  'a negative length': refuses('negative-length', patched(two, AT.length, 0xff, 0xff, 0xff, 0xff)),
  'bytes behind the batch': refuses('behind', new Uint8Array([...two, 0, 0, 0])),
  'more records in the header than there are': refuses('more', patched(two, AT.count, 0, 0, 0, 3)),
  'fewer records in the header than there are': refuses('fewer', patched(two, AT.count, 0, 0, 0, 1)),
  'a negative count of records': refuses('negative-count', patched(two, AT.count, 0xff, 0xff, 0xff, 0xfe)),
  'a last offset delta that is not the count': refuses('delta', patched(two, AT.lastOffsetDelta, 0, 0, 0, 5)),
  'count and last offset delta agree and the records do not': refuses(
    'agree',
    patched(patched(two, AT.count, 0, 0, 0, 3), AT.lastOffsetDelta, 0, 0, 0, 2),
  ),
  'more records than there are, compressed': refuses(
    'more-packed',
    patched(patched(packed, AT.count, 0, 0, 0, 3), AT.lastOffsetDelta, 0, 0, 0, 2),
  ),
  'offset deltas of records with a gap': refuses(
    'gap',
    batch([
      { value: null, timestampMs: Date.now() },
      { value: null, timestampMs: Date.now(), offsetDelta: 4 },
    ]),
  ),
  'a base offset that is not 0': refuses('base', batch(['a'], { baseOffset: 5 })),
  'a base offset that is negative': refuses('base-negative', batch(['a'], { baseOffset: -1 })),
  'a leader epoch of the client is overwritten': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'leader-epoch');
    await produce(on, client, 'epoch 9', topic, batch(['a'], { leaderEpoch: 9 }));
    await fetch(on, client, 'as stored', topic);
  },
  'a control batch of a client': refuses('control', batch([keyed], { isControl: true })),
  'a producer id without a sequence': refuses('no-sequence', batch(['a'], { producerId: 9100n, producerEpoch: 0 })),
  'unused attribute bits': refuses('bits', patched(two, AT.attributes, 0x40, 0)),
  'a delete horizon of a client': refuses('horizon', patched(two, AT.attributes, 0, 0x40)),
  'zstd from version 7 on': refuses('zstd', batch(['a'.repeat(100)], { compression: 'zstd' })),
  'zstd below version 7': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'zstd-old');
    const bytes = batch(['a'.repeat(100)], { compression: 'zstd' });
    for (const version of [3, 6]) await produce(on, client, 'zstd', topic, bytes, { version });
  },
  'every codec is stored as it came': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'codecs');
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      await produce(on, client, compression, topic, batch(['a'.repeat(99), 'b'], { compression }));
    }
    await fetch(on, client, 'as stored', topic);
  },
  'a null key on a compacted topic': refuses('null-key', batch([unkeyed]), compacted),
  'some null keys on a compacted topic': refuses('null-keys', batch([keyed, unkeyed, keyed, unkeyed]), compacted),
  'null keys on a compacted topic, compressed': refuses(
    'null-keys-packed',
    batch([keyed, unkeyed], { compression: 'lz4' }),
    compacted,
  ),
  'a tombstone on a compacted topic': refuses('tombstone', batch([{ ...keyed, value: null }]), compacted),
  'a batch above max.message.bytes': refuses('large', batch(['a'.repeat(300)]), small),
  'a batch of max.message.bytes': refuses('exact', batch(['a'.repeat(200 - 61 - 9)]), small),
  'a batch that is small when compressed': refuses('small', batch(['a'.repeat(3000)], { compression: 'gzip' }), small),
  'a batch above the default limit': refuses('default-limit', batch(['a'.repeat(1_048_588)])),
  'headers with null and empty values': async (on) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, 'headers');
    const headers = [
      { key: 'a', value: null },
      { key: '', value: new Uint8Array(0) },
      { key: 'a', value: utf8('again') },
    ];
    await produce(
      on,
      client,
      'headers',
      topic,
      batch([
        { ...unkeyed, headers },
        { key: new Uint8Array(0), value: null },
      ]),
    );
  },
  'a record with a broken header': refuses('broken-header', patched(two, 66, 0x40)),
});

const UNREADABLE = scenarios('produce', {
  'codec 5': refuses('codec-5', codec(5)),
  'codec 6': refuses('codec-6', codec(6)),
  'codec 7': refuses('codec-7', codec(7)),
  'bytes that are not gzip': refuses('not-gzip', codec(1)),
  'bytes that are not snappy': refuses('not-snappy', codec(2)),
  'bytes that are not lz4': refuses('not-lz4', codec(3)),
  'bytes that are not zstd': refuses('not-zstd', codec(4)),
});

const APPEND_TIME = scenarios('produce', {
  'a batch that says LogAppendTime': refuses('append-time', batch(['a'], { appendTimeMs: Date.now() })),
});

export const PRODUCE_BATCHES: readonly Scenario[] = [
  ...EQUAL,
  ...UNREADABLE.map((scenario) =>
    decided(scenario, 'Apache Kafka says UNKNOWN_SERVER_ERROR, which names no cause; ours says what is wrong'),
  ),
  ...APPEND_TIME.map((scenario) =>
    decided(scenario, 'Apache Kafka overlooks the bit where records have a time; ours refuses it always'),
  ),
];
