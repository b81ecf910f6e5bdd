import { type AnyType, type Fields, type PrimitiveName, inRange } from '../schema.js';
import { defaultOf } from './defaults.js';
import type { Reader } from './reader.js';

export type Read = (reader: Reader) => unknown;
type Values = Record<string, unknown>;

/** A table compiled for one version: nothing of versions is left to be asked when it runs. */
interface Compiled {
  readonly read: Read;
  /** The fewest bytes that a value can have on the wire; bounds the counts of arrays. */
  readonly bytesMin: number;
  /** About what a value occupies in memory, without what it charges itself while it is read. */
  readonly decodedBytes: number;
}

export function compileReader(type: AnyType, version: number, flexible: boolean): Read {
  return compile(type, version, flexible).read;
}

function compile(type: AnyType, version: number, inFlexible: boolean): Compiled {
  const flexible = inFlexible && !type.classic;
  const mayBeNull = inRange(version, type.nullable);
  const { shape } = type;
  switch (shape.kind) {
    case 'primitive':
      return primitive(shape.name, flexible, mayBeNull);
    case 'array':
      return array(compile(shape.of, version, flexible), flexible, mayBeNull);
    case 'struct': {
      const plain = struct(shape.fields, version, flexible);
      return mayBeNull ? nullableStruct(plain, type.tag !== undefined) : plain;
    }
  }
}

function fixed(bytesMin: number, read: Read, decodedBytes = 0): Compiled {
  return { read, bytesMin, decodedBytes };
}

function primitive(name: PrimitiveName, flexible: boolean, mayBeNull: boolean): Compiled {
  switch (name) {
    case 'bool':
      return fixed(1, (reader) => reader.bool());
    case 'int8':
      return fixed(1, (reader) => reader.int8());
    case 'int16':
      return fixed(2, (reader) => reader.int16());
    case 'uint16':
      return fixed(2, (reader) => reader.uint16());
    case 'int32':
      return fixed(4, (reader) => reader.int32());
    case 'uint32':
      return fixed(4, (reader) => reader.uint32());
    case 'int64':
      return fixed(8, (reader) => reader.int64(), 24);
    case 'float64':
      return fixed(8, (reader) => reader.float64(), 16);
    case 'uuid':
      return fixed(16, (reader) => reader.uuid(), 40);
    case 'string':
      return string(flexible, mayBeNull);
    case 'bytes':
    case 'records':
      return bytes(flexible, mayBeNull);
  }
}

function refuseNull(reader: Reader): never {
  throw reader.refuse('null where none may be');
}

const STRING_BYTES_MAX = 32767;

function string(flexible: boolean, mayBeNull: boolean): Compiled {
  const text = (reader: Reader, length: number): string | null => {
    if (length < 0) return mayBeNull ? null : refuseNull(reader);
    if (length > STRING_BYTES_MAX) throw reader.refuse(`a string of ${length} bytes, at most ${STRING_BYTES_MAX} fit`);
    return reader.text(length);
  };
  return flexible
    ? fixed(1, (reader) => text(reader, reader.compactLength()))
    : fixed(2, (reader) => text(reader, reader.int16()));
}

function bytes(flexible: boolean, mayBeNull: boolean): Compiled {
  const slice = (reader: Reader, length: number): Uint8Array | null => {
    if (length < 0) return mayBeNull ? null : refuseNull(reader);
    return reader.slice(length);
  };
  return flexible
    ? fixed(1, (reader) => slice(reader, reader.compactLength()))
    : fixed(4, (reader) => slice(reader, reader.int32()));
}

const ARRAY_DECODED_BYTES = 32;
const SLOT_DECODED_BYTES = 8;

function array(element: Compiled, flexible: boolean, mayBeNull: boolean): Compiled {
  const { read, bytesMin } = element;
  const slotBytes = SLOT_DECODED_BYTES + element.decodedBytes;
  const elements = (reader: Reader, count: number): readonly unknown[] | null => {
    if (count < 0) return mayBeNull ? null : refuseNull(reader);
    if (count * bytesMin > reader.remaining) {
      throw reader.refuse(`an array of ${count} elements, ${reader.remaining} bytes are left`);
    }
    reader.charge(ARRAY_DECODED_BYTES + count * slotBytes);
    const values: unknown[] = [];
    for (let left = count; left > 0; left--) values.push(read(reader));
    return values;
  };
  return flexible
    ? fixed(1, (reader) => elements(reader, reader.compactLength()))
    : fixed(4, (reader) => elements(reader, reader.int32()));
}

function nullableStruct(plain: Compiled, inTag: boolean): Compiled {
  const { read, decodedBytes } = plain;
  const present = inTag ? (reader: Reader) => reader.unsignedVarint() !== 0 : (reader: Reader) => reader.int8() >= 0;
  return fixed(1, (reader) => (present(reader) ? read(reader) : null), decodedBytes);
}

type Step = (values: Values, reader: Reader) => void;

function struct(fields: Fields, version: number, flexible: boolean): Compiled {
  const template: Values = {};
  const steps: Step[] = [];
  const tags = new Map<number, Step>();
  let bytesMin = flexible ? 1 : 0;
  let decodedBytes = 24;
  for (const [name, field] of Object.entries(fields)) {
    template[name] = defaultOf(field);
    decodedBytes += SLOT_DECODED_BYTES;
    if (!inRange(version, field.versions)) continue;
    const compiled = compile(field, version, flexible);
    decodedBytes += compiled.decodedBytes;
    const { read } = compiled;
    const step: Step = (values, reader) => {
      values[name] = read(reader);
    };
    if (field.tag === undefined) {
      steps.push(step);
      bytesMin += compiled.bytesMin;
    } else {
      tags.set(field.tag, step);
    }
  }
  const readFields: Read = (reader) => {
    const values = { ...template };
    for (const step of steps) step(values, reader);
    return values;
  };
  if (!flexible) return { read: readFields, bytesMin, decodedBytes };
  const read: Read = (reader) => {
    const values = { ...template };
    for (const step of steps) step(values, reader);
    const count = reader.unsignedVarint();
    if (count > 0) readTags(values, reader, count, tags);
    return values;
  };
  return { read, bytesMin, decodedBytes };
}

function readTags(values: Values, reader: Reader, count: number, tags: ReadonlyMap<number, Step>): void {
  const { taggedFieldsMax, unknownTagBytesMax } = reader.limits;
  if (count > taggedFieldsMax) throw reader.refuse(`${count} tagged fields, at most ${taggedFieldsMax} are read`);
  let before = -1;
  for (let left = count; left > 0; left--) {
    const tag = reader.unsignedVarint();
    if (tag <= before) throw reader.refuse(`tag ${tag} after tag ${before}`);
    before = tag;
    const size = reader.unsignedVarint();
    if (size > reader.remaining) throw reader.refuse(`a tagged field of ${size} bytes, ${reader.remaining} are left`);
    const step = tags.get(tag);
    if (step === undefined) {
      if (size > unknownTagBytesMax) throw reader.refuse(`tag ${tag}, which no table knows, has ${size} bytes`);
      reader.at += size;
      continue;
    }
    const { end } = reader;
    reader.end = reader.at + size;
    step(values, reader);
    if (reader.remaining > 0) throw reader.refuse(`tag ${tag} is longer than its field`);
    reader.end = end;
  }
}
