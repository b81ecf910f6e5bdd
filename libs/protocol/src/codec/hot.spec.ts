import { describe, expect, it } from '@jest/globals';
import { type Uuid, concatBytes } from '@trunkline/kernel';
import fc from 'fast-check';
import { type AnyMessage } from '../api.js';
import { MALFORMED } from '../malformed.js';
import { Fetch } from '../messages/01-fetch.js';
import { Produce } from '../messages/00-produce.js';
import { compileReader } from './compile-reader.js';
import { compileWriter } from './compile-writer.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`comparing hot codecs with tables with SEED=${SEED}`);

type Outcome = { readonly value: unknown } | { readonly refused: true };

function outcomeOf(read: (reader: Reader) => unknown, bytes: Uint8Array): Outcome {
  const reader = new Reader(bytes);
  try {
    const value = read(reader);
    return { value: [value, reader.at] };
  } catch (reason) {
    if (Reflect.get(reason as object, 'code') === MALFORMED) return { refused: true };
    throw reason;
  }
}

/** Reads bytes by hand and by the table: the same comes out, or both refuse. */
function readAlike(message: AnyMessage, version: number, bytes: Uint8Array): void {
  const byTable = compileReader(message.type, version, version >= message.flexibleFrom);
  expect(outcomeOf((reader) => message.read(reader, version), bytes)).toEqual(outcomeOf(byTable, bytes));
}

function written(write: (writer: Writer) => void): Outcome {
  const writer = new Writer();
  writer.begin();
  try {
    write(writer);
    return { value: concatBytes(writer.finish()) };
  } catch (reason) {
    return { value: Reflect.get(reason as object, 'code') };
  }
}

function writtenAlike(message: AnyMessage, version: number, value: unknown): Uint8Array | undefined {
  const byTable = compileWriter(message.type, version, version >= message.flexibleFrom, message.name);
  const expected = written((writer) => byTable(writer, value));
  expect(written((writer) => message.write(writer, version, value as never))).toEqual(expected);
  return 'value' in expected && expected.value instanceof Uint8Array ? expected.value : undefined;
}

const uuid = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url') as Uuid);
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const int32 = fc.integer();
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -2n, max: 2n ** 33n }),
  fc.constantFrom(0n, -1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 32n), 0xffff_ffffn),
);
const text = fc.oneof(fc.constantFrom('', 'orders'), fc.string({ unit: 'grapheme', maxLength: 80 }));
const bytes = fc.uint8Array({ maxLength: 600 });
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });
/** What is rare, or cannot be said, and so is left to the table. */
const seldom = <T, O>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<O>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: other });
const leader = fc.record({ leaderId: int32, leaderEpoch: int32 });
const endpoint = fc.record({ nodeId: int32, host: text, port: int32, rack: fc.option(text) });

const produceRequest = fc.record({
  transactionalId: seldom(fc.option(text), fc.constant(undefined)),
  acks: seldom(int16, fc.constantFrom(40_000, 0.5, '1')),
  timeoutMs: seldom(int32, fc.constantFrom(2 ** 40, Number.NaN)),
  topicData: seldom(
    few(
      fc.record({
        name: seldom(text, fc.constant(undefined)),
        topicId: seldom(uuid, fc.constantFrom(undefined, 'no uuid')),
        partitionData: few(
          fc.record({ index: seldom(int32, fc.constant(-0.5)), records: seldom(bytes, fc.option(few(bytes))) }),
        ),
      }),
    ),
    fc.constant(null),
  ),
});

const produceResponse = fc.record({
  responses: few(
    fc.record({
      name: text,
      topicId: uuid,
      partitionResponses: few(
        fc.record({
          index: int32,
          errorCode: int16,
          baseOffset: int64,
          logAppendTimeMs: int64,
          logStartOffset: int64,
          recordErrors: seldom(
            fc.constant([]),
            few(fc.record({ batchIndex: int32, batchIndexErrorMessage: fc.option(text) })),
          ),
          errorMessage: seldom(fc.constant(null), text),
          currentLeader: seldom(fc.constant(undefined), leader),
        }),
      ),
    }),
  ),
  throttleTimeMs: int32,
  nodeEndpoints: seldom(fc.constant(undefined), few(endpoint)),
});

const offset = fc.oneof(fc.maxSafeInteger(), fc.nat(), int64);
const leftOut = fc.constant(undefined);

const fetchRequest = fc.record({
  clusterId: seldom(leftOut, fc.option(text)),
  replicaId: seldom(leftOut, int32),
  replicaState: seldom(leftOut, fc.record({ replicaId: int32, replicaEpoch: int64 })),
  maxWaitMs: seldom(int32, fc.constantFrom(2 ** 31, undefined)),
  minBytes: int32,
  maxBytes: fc.option(int32, { nil: undefined }),
  isolationLevel: seldom(fc.constantFrom(0, 1, undefined), fc.constantFrom(-128, 127, 128)),
  sessionId: fc.option(int32, { nil: undefined }),
  sessionEpoch: fc.option(int32, { nil: undefined }),
  topics: few(
    fc.record({
      topic: seldom(text, leftOut),
      topicId: seldom(uuid, leftOut),
      partitions: few(
        fc.record({
          partition: int32,
          currentLeaderEpoch: fc.option(int32, { nil: undefined }),
          fetchOffset: seldom(offset, fc.constantFrom(0.5, 2 ** 53, 2n ** 64n, undefined)),
          lastFetchedEpoch: seldom(leftOut, int32),
          logStartOffset: seldom(leftOut, offset),
          partitionMaxBytes: seldom(int32, fc.constant(-0.5)),
          replicaDirectoryId: seldom(leftOut, uuid),
          highWatermark: seldom(leftOut, offset),
        }),
      ),
    }),
  ),
  forgottenTopicsData: seldom(leftOut, few(fc.record({ topic: text, topicId: uuid, partitions: few(int32) }))),
  rackId: seldom(fc.option(text, { nil: undefined }), fc.constant(null)),
});

const fetchResponse = fc.record({
  throttleTimeMs: int32,
  errorCode: int16,
  sessionId: int32,
  responses: few(
    fc.record({
      topic: text,
      topicId: uuid,
      partitions: few(
        fc.record({
          partitionIndex: int32,
          errorCode: int16,
          highWatermark: int64,
          lastStableOffset: int64,
          logStartOffset: int64,
          divergingEpoch: seldom(leftOut, fc.record({ epoch: int32, endOffset: int64 })),
          currentLeader: seldom(leftOut, leader),
          snapshotId: seldom(leftOut, fc.record({ endOffset: int64, epoch: int32 })),
          abortedTransactions: seldom(
            fc.constantFrom(null, []),
            few(fc.record({ producerId: int64, firstOffset: int64 })),
          ),
          preferredReadReplica: int32,
          records: fc.option(bytes),
        }),
      ),
    }),
  ),
  nodeEndpoints: seldom(leftOut, few(endpoint)),
});

const damage = fc.option(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), isCut: fc.boolean() }), { freq: 3 });

describe.each([
  [Produce.request, produceRequest],
  [Produce.response, produceResponse],
  [Fetch.request, fetchRequest],
  [Fetch.response, fetchResponse],
] as const)('what is written by hand', (message: AnyMessage, values: fc.Arbitrary<unknown>) => {
  const version = fc.integer({ min: message.versions[0], max: message.versions[1] });

  it(`is what the table of ${message.name} says, in both directions, of broken bytes too`, () => {
    const property = fc.property(version, values, damage, (asVersion, value, hit) => {
      const whole = writtenAlike(message, asVersion, value);
      if (whole === undefined) return;
      readAlike(message, asVersion, whole);
      if (hit === null || whole.length === 0) return;
      const place = hit.at % whole.length;
      if (hit.isCut) return readAlike(message, asVersion, whole.subarray(0, place));
      const broken = whole.slice();
      broken[place] = hit.byte;
      readAlike(message, asVersion, broken);
    });
    fc.assert(property, { seed: SEED, numRuns: 2_000 });
  });
});
