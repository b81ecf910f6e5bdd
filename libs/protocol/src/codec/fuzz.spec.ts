import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ApiError, type Uuid, ZERO_UUID, concatBytes } from '@trunkline/kernel';
import fc from 'fast-check';
import { type AnyMessage, decodeBody, encodeBody } from '../api.js';
import { APIS } from '../apis.js';
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../messages/group-blobs.js';
import { RequestHeader, ResponseHeader } from '../messages/headers.js';
import { decodeRequestHeader } from '../frame.js';
import { MALFORMED } from '../malformed.js';
import { PartitionChangeRecord, PartitionRecord } from '../records/metadata-topics.js';
import { ConsumerGroupMemberMetadataValue } from '../records/consumer-group.js';
import { GroupMetadataValue } from '../records/group-offsets.js';
import { type AnyType, type Fields, type PrimitiveName, inRange } from '../schema.js';
import { defaultOf } from './defaults.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = 4_000;
console.log(`fuzzing the codec with SEED=${SEED}`);

const MESSAGES: readonly AnyMessage[] = [
  ...APIS.flatMap(({ request, response }) => [request, response]),
  RequestHeader,
  ResponseHeader,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  PartitionRecord,
  PartitionChangeRecord,
  GroupMetadataValue,
  ConsumerGroupMemberMetadataValue,
];

const anyVersion = fc
  .constantFrom(...MESSAGES)
  .chain((message) =>
    fc.integer({ min: message.versions[0], max: message.versions[1] }).map((version) => ({ message, version })),
  );

const uuidText = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url') as Uuid);

const PRIMITIVES: Readonly<Record<PrimitiveName, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  uuid: fc.oneof(uuidText, fc.constant(ZERO_UUID)),
  string: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 120 })),
  bytes: fc.uint8Array({ maxLength: 400 }),
  records: fc.uint8Array({ maxLength: 400 }),
};

/** Values of a type as one version has it; what the version lacks is at its default. */
function valueOf(type: AnyType, version: number): fc.Arbitrary<unknown> {
  const { shape } = type;
  const some =
    shape.kind === 'primitive'
      ? PRIMITIVES[shape.name]
      : shape.kind === 'array'
        ? fc.array(valueOf(shape.of, version), { maxLength: 3 })
        : structOf(shape.fields, version);
  const orNull = inRange(version, type.nullable) ? fc.option(some, { freq: 3 }) : some;
  return type.tag === undefined ? orNull : fc.oneof(fc.constant(defaultOf(type)), orNull);
}

function structOf(fields: Fields, version: number): fc.Arbitrary<unknown> {
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    inRange(version, field.versions) ? valueOf(field, version) : fc.constant(defaultOf(field)),
  ]);
  return fc.record(Object.fromEntries(entries) as Record<string, fc.Arbitrary<unknown>>, { noNullPrototype: true });
}

const anyValue = anyVersion.chain(({ message, version }) =>
  valueOf(message.type, version).map((value) => ({ message, version, value })),
);

function encoded({ message, version, value }: { message: AnyMessage; version: number; value: unknown }): Uint8Array {
  return concatBytes(encodeBody(message, version, value));
}

/** What the bytes are read as, or undefined when they are refused as malformed; anything else that is thrown goes on. */
function read(message: AnyMessage, version: number, bytes: Uint8Array): unknown {
  try {
    return decodeBody(message, version, bytes);
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === MALFORMED) return undefined;
    throw reason;
  }
}

/** Flips, cuts, repeats and inserts bytes: mostly lengths and counts get hit, they are everywhere. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), byte: fc.constant(0) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), byte: fc.nat({ max: 255 }) }),
);

function mutated(bytes: Uint8Array, { kind, at, byte }: { kind: string; at: number; byte: number }): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  if (kind === 'cut') return bytes.slice(0, place);
  if (kind === 'insert') return concatBytes([bytes.subarray(0, place), Uint8Array.of(byte), bytes.subarray(place)]);
  const copy = bytes.slice();
  if (place < copy.length) copy[place] = kind === 'set' ? byte : copy[place]! ^ byte;
  return copy;
}

function check<T>(values: fc.Arbitrary<T>, holds: (value: T) => void, numRuns = RUNS): void {
  fc.assert(fc.property(values, holds), { seed: SEED, numRuns });
}

describe('codec under fuzz', () => {
  it('reads what it wrote', () => {
    check(anyValue, ({ message, version, value }) => {
      const again = decodeBody(message, version, encoded({ message, version, value }));
      if (!isDeepStrictEqual(again, value)) expect(again).toEqual(value);
    });
  });

  it('reads random bytes, or refuses them as malformed', () => {
    const inputs = fc.tuple(anyVersion, fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 2000 })));
    check(inputs, ([{ message, version }, bytes]) => {
      read(message, version, bytes);
    });
  });

  it('reads mutated bodies, or refuses them as malformed; what it reads it can write and read again', () => {
    const inputs = fc.tuple(anyValue, fc.array(mutation, { minLength: 1, maxLength: 4 }));
    check(inputs, ([given, mutations]) => {
      const { message, version } = given;
      const bytes = mutations.reduce(mutated, encoded(given));
      const value = read(message, version, bytes);
      if (value === undefined) return;
      const again = decodeBody(message, version, encoded({ message, version, value }));
      if (!isDeepStrictEqual(again, value)) expect(again).toEqual(value);
    });
  });

  it('reads random and mutated request headers, or refuses them', () => {
    const started = fc.tuple(
      fc.integer({ min: 0, max: 92 }),
      fc.integer({ min: 0, max: 20 }),
      fc.uint8Array({ maxLength: 60 }),
    );
    check(started, ([key, version, rest]) => {
      try {
        decodeRequestHeader(concatBytes([Uint8Array.of(0, key, 0, version), rest]));
      } catch (reason) {
        if (!(reason instanceof ApiError)) throw reason;
        expect([MALFORMED, 'UNSUPPORTED_VERSION']).toContain(reason.code);
      }
    });
  });

  it('holds no more memory for a body than a small multiple of its length', () => {
    const megabyte = 1024 * 1024;
    for (const message of MESSAGES) {
      const version = message.versions[1];
      for (const byte of [0, 1, 2]) {
        const hostile = new Uint8Array(megabyte).fill(byte);
        const before = process.memoryUsage().heapUsed;
        const held = read(message, version, hostile);
        const grown = process.memoryUsage().heapUsed - before;
        if (grown > 96 * megabyte) throw new Error(`${message.name} takes ${grown} bytes for 1 MiB of ${byte}`);
        expect(held === undefined || typeof held === 'object').toBe(true);
      }
    }
  });
});
