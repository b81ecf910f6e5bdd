import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HANDLERS, servedVersions } from '@trunkline/broker';
import { type Logger, concatBytes, silentLogger } from '@trunkline/kernel';
import { NodeNetwork } from '@trunkline/platform';
import { APIS, ApiVersions, Metadata, Produce, encodeRequest, requestHeaderVersion } from '@trunkline/protocol';
import { RawClient, type TestBroker, startTestBroker, until } from '@trunkline/testing';
import fc from 'fast-check';
import { batchOf } from './data-fixture.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env['RUNS'] ?? 1500);
/** A connection whose request is parked is given up after so long. */
const PATIENCE_MS = 20;
console.log(`fuzzing a listening broker with SEED=${SEED} (RUNS=${RUNS})`);

interface Golden {
  readonly name: string;
  readonly version: number;
  readonly hex: string;
}

const served = HANDLERS.map((handler) => ({ key: handler.api.key, versions: servedVersions(handler) }));

/** Real requests of every API that is served, each with its header: what mutations begin from. */
const corpus = readFileSync(new URL('golden/messages.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .flatMap((row) => {
    const { name, version, hex } = JSON.parse(row) as Golden;
    const api = APIS.find((each) => `${each.name}Request` === name);
    const versions = served.find(({ key }) => key === api?.key)?.versions;
    if (api === undefined || versions === undefined || version < versions[0] || version > versions[1]) return [];
    const tags = requestHeaderVersion(api, version) === 2 ? [0] : [];
    const header = Uint8Array.of(0, api.key, 0, version, 0, 0, 0, 1, 0, 4, 0x66, 0x75, 0x7a, 0x7a, ...tags);
    return [concatBytes([header, Buffer.from(hex, 'hex')])];
  });

const head = fc
  .constantFrom(...served)
  .chain(({ key, versions: [first, last] }) =>
    fc.integer({ min: first, max: last }).map((version) => Uint8Array.of(0, key, 0, version, 0, 0, 0, 9)),
  );
const mutation = fc.record({
  kind: fc.constantFrom('set' as const, 'flip' as const, 'cut' as const, 'insert' as const),
  at: fc.oneof({ arbitrary: fc.nat(), weight: 1 }, { arbitrary: fc.integer({ min: 15, max: 200 }), weight: 4 }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff), fc.nat(255)),
});
const body = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 300 }), weight: 1 },
  { arbitrary: fc.tuple(head, fc.uint8Array({ maxLength: 200 })).map(concatBytes), weight: 2 },
  { arbitrary: fc.constantFrom(...corpus), weight: 2 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 3 }))
      .map(([bytes, mutations]) => mutations.reduce(mutated, bytes)),
    weight: 6,
  },
);

function mutated(bytes: Uint8Array, { kind, at, byte }: { kind: string; at: number; byte: number }): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  if (kind === 'cut') return bytes.slice(0, place);
  if (kind === 'insert') return concatBytes([bytes.subarray(0, place), Uint8Array.of(byte), bytes.subarray(place)]);
  const copy = bytes.slice();
  if (place < copy.length) copy[place] = kind === 'set' ? byte : copy[place]! ^ byte;
  return copy;
}

/** Frames with a right size, with a wrong one, or bytes without any. */
const stream = fc.oneof(
  {
    arbitrary: fc.array(body, { minLength: 1, maxLength: 3 }).map((bodies) => concatBytes(bodies.map(framed))),
    weight: 8,
  },
  {
    arbitrary: fc.tuple(fc.integer(), body).map(([size, bytes]) => concatBytes([int32(size), bytes])),
    weight: 1,
  },
  { arbitrary: fc.uint8Array({ minLength: 1, maxLength: 100 }), weight: 1 },
);

function int32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function framed(bytes: Uint8Array): Uint8Array {
  return concatBytes([int32(bytes.byteLength), bytes]);
}

/** Sends the bytes in one or two pieces, and resolves when the broker has answered, closed, or parked it. */
function throwAt(port: number, bytes: Uint8Array, cut: number): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const patience = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('error', () => {});
    socket.on('data', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(patience);
      resolve();
    });
    socket.write(bytes.subarray(0, cut % (bytes.byteLength + 1)));
    setImmediate(() => socket.write(bytes.subarray(cut % (bytes.byteLength + 1))));
  });
}

describe('a listening broker under fuzz', () => {
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (message) => void errors.push(message) };
  let broker: TestBroker;
  let port: number;
  let witness: RawClient;

  beforeAll(async () => {
    const config = {
      'max.partitions': '300',
      'offsets.topic.num.partitions': '2',
      'group.initial.rebalance.delay.ms': '0',
    };
    broker = await startTestBroker({ network: new NodeNetwork(), config, logger });
    ({ port } = broker.broker.addresses[0]!.advertised);
    witness = await RawClient.connect(port);
    await witness.send(Metadata, 12, { topics: [{ name: 'witness' }], allowAutoTopicCreation: true });
  });
  afterAll(() => broker.stop());

  /** What an honest client does meanwhile. Every answer has to come, and to be right. */
  async function witnessed(round: number): Promise<void> {
    const versions = await witness.send(ApiVersions, 3, { clientSoftwareName: 'w', clientSoftwareVersion: '1' });
    expect(versions.errorCode).toBe(0);
    const partitionData = [{ index: 0, records: batchOf([`${round}`]) }];
    const produced = await witness.send(Produce, 9, {
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 'witness', partitionData }],
    });
    const [partition] = produced.responses[0]!.partitionResponses;
    expect({ code: partition!.errorCode, offset: partition!.baseOffset }).toEqual({ code: 0, offset: BigInt(round) });
  }

  it('answers or closes, holds nothing back, and lets others work', async () => {
    expect(corpus.length).toBeGreaterThan(70);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(stream, fc.nat()), { minLength: 8, maxLength: 8 }), async (streams) => {
        const thrown = streams.map(([bytes, cut]) => throwAt(port, bytes, cut));
        await Promise.all([...thrown, witnessed(round++)]);
        expect(errors).toEqual([]);
        expect(broker.defects).toEqual([]);
      }),
      { seed: SEED, numRuns: Math.ceil(RUNS / 8), endOnFailure: true },
    );
    const { metrics } = broker.broker;
    await until('the fuzzer’s connections are gone', () => metrics.connectionsOpen === 1);
    const handled = [...metrics.apis.values()].reduce((sum, { requests }) => sum + requests, 0) - 2 * round;
    console.log(`${handled} requests came as far as a handler`);
    expect(broker.broker.requestMemoryBytes()).toBe(0);
    await witnessed(round);
  }, 120_000);

  it('keeps working while a crowd sends halves of requests, huge sizes and nothing at all', async () => {
    const [half] = [concatBytes(encodeRequest(Metadata, 1, { correlationId: 1, clientId: 'half' }, { topics: [] }))];
    const crowd = await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        const client = await RawClient.connect(port);
        if (at % 3 === 0) client.sendBytes(half.subarray(0, half.byteLength - 1));
        if (at % 3 === 1) client.sendBytes(Uint8Array.of(0x05, 0xff, 0xff, 0xff, 0, 3, 0, 1));
        return client;
      }),
    );
    await until('the crowd is there', () => broker.broker.metrics.connectionsOpen === 301);
    const versions = await witness.send(ApiVersions, 3, { clientSoftwareName: 'w', clientSoftwareVersion: '1' });
    expect(versions.errorCode).toBe(0);
    for (const client of crowd) client.close();
    await until('the crowd is gone', () => broker.broker.metrics.connectionsOpen === 1);
    expect(broker.broker.requestMemoryBytes()).toBe(0);
  });
});
