import { ApiError } from '@trunkline/kernel';
import { malformed } from '../malformed.js';
import { type AnyType, type Fields, type PrimitiveName, inRange } from '../schema.js';
import { defaultCheck, defaultOf } from './defaults.js';
import type { Writer } from './writer.js';

export type Write = (writer: Writer, value: unknown) => void;
type Values = Readonly<Record<string, unknown>>;

/** Where in a message a table stands, for the texts of refusals. */
interface Place {
  readonly path: string;
  readonly version: number;
}

export function compileWriter(type: AnyType, version: number, flexible: boolean, name: string): Write {
  return compile(type, flexible, { path: name, version });
}

function compile(type: AnyType, inFlexible: boolean, place: Place): Write {
  const flexible = inFlexible && !type.classic;
  const { shape } = type;
  const mayBeNull = inRange(place.version, type.nullable);
  switch (shape.kind) {
    case 'primitive':
      return primitive(shape.name, flexible, mayBeNull, place);
    case 'array':
      return array(compile(shape.of, flexible, place), flexible, mayBeNull, place);
    case 'struct': {
      const plain = struct(shape.fields, flexible, place);
      return mayBeNull ? nullableStruct(plain, type.tag !== undefined) : noNull(plain, place);
    }
  }
}

function unfit(place: Place, wanted: string): ApiError {
  return malformed(`${place.path} is ${wanted}`);
}

function nullRefused(place: Place): ApiError {
  return new ApiError('UNSUPPORTED_VERSION', `${place.path} may not be null in version ${place.version}`);
}

function integer(place: Place, name: string, least: number, most: number, write: (w: Writer, value: number) => void) {
  return (writer: Writer, value: unknown): void => {
    if (typeof value !== 'number' || !(value >= least && value <= most) || !Number.isInteger(value)) {
      throw unfit(place, `an ${name}, not ${typeof value === 'number' ? value : typeof value}`);
    }
    write(writer, value);
  };
}

function primitive(name: PrimitiveName, flexible: boolean, mayBeNull: boolean, place: Place): Write {
  switch (name) {
    case 'bool':
      return (writer, value) => {
        if (typeof value !== 'boolean') throw unfit(place, 'a bool');
        writer.bool(value);
      };
    case 'int8':
      return integer(place, name, -0x80, 0x7f, (writer, value) => writer.int8(value));
    case 'int16':
      return integer(place, name, -0x8000, 0x7fff, (writer, value) => writer.int16(value));
    case 'uint16':
      return integer(place, name, 0, 0xffff, (writer, value) => writer.int16(value));
    case 'int32':
      return integer(place, name, -0x80000000, 0x7fffffff, (writer, value) => writer.int32(value));
    case 'uint32':
      return integer(place, name, 0, 0xffffffff, (writer, value) => writer.int32(value));
    case 'int64':
      return int64(place);
    case 'float64':
      return (writer, value) => {
        if (typeof value !== 'number') throw unfit(place, 'a float64');
        writer.float64(value);
      };
    case 'uuid':
      return (writer, value) => {
        if (typeof value !== 'string') throw unfit(place, 'a uuid');
        writer.uuid(value);
      };
    case 'string':
      return string(flexible, mayBeNull, place);
    case 'bytes':
      return bytes(flexible, mayBeNull, place);
    case 'records':
      return recordChunks(flexible, mayBeNull, place);
  }
}

const INT64_MAX = 2n ** 63n - 1n;

function int64(place: Place): Write {
  return (writer, value) => {
    if (typeof value === 'bigint' ? value > INT64_MAX || value < -INT64_MAX - 1n : !Number.isSafeInteger(value)) {
      throw unfit(place, 'an int64: a bigint, or a safe integer');
    }
    writer.int64(value as bigint | number);
  };
}

function string(flexible: boolean, mayBeNull: boolean, place: Place): Write {
  return (writer, value) => {
    if (typeof value === 'string') return writer.string(value, flexible);
    if (value !== null) throw unfit(place, 'a string');
    if (!mayBeNull) throw nullRefused(place);
    if (flexible) writer.unsignedVarint(0);
    else writer.int16(-1);
  };
}

/** The length in front of bytes, records and arrays; -1 stands for null. */
function lengthWriter(flexible: boolean): (writer: Writer, length: number) => void {
  return flexible ? (writer, length) => writer.unsignedVarint(length + 1) : (writer, length) => writer.int32(length);
}

function bytes(flexible: boolean, mayBeNull: boolean, place: Place): Write {
  const writeLength = lengthWriter(flexible);
  return (writer, value) => {
    if (value instanceof Uint8Array) {
      writeLength(writer, value.length);
      return writer.bytes(value);
    }
    if (value !== null) throw unfit(place, 'bytes');
    if (!mayBeNull) throw nullRefused(place);
    writeLength(writer, -1);
  };
}

function recordChunks(flexible: boolean, mayBeNull: boolean, place: Place): Write {
  const writeLength = lengthWriter(flexible);
  const writeOne = bytes(flexible, mayBeNull, place);
  return (writer, value) => {
    if (!Array.isArray(value)) return writeOne(writer, value);
    const chunks = value as readonly Uint8Array[];
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    writeLength(writer, length);
    for (const chunk of chunks) writer.bytes(chunk);
  };
}

function array(writeElement: Write, flexible: boolean, mayBeNull: boolean, place: Place): Write {
  const writeLength = lengthWriter(flexible);
  return (writer, value) => {
    if (Array.isArray(value)) {
      writeLength(writer, value.length);
      for (const element of value as readonly unknown[]) writeElement(writer, element);
      return;
    }
    if (value !== null) throw unfit(place, 'an array');
    if (!mayBeNull) throw nullRefused(place);
    writeLength(writer, -1);
  };
}

function noNull(write: Write, place: Place): Write {
  return (writer, value) => {
    if (value === null) throw nullRefused(place);
    if (typeof value !== 'object') throw unfit(place, 'a struct');
    write(writer, value);
  };
}

function nullableStruct(write: Write, inTag: boolean): Write {
  return (writer, value) => {
    if (value === null) {
      writer.int8(inTag ? 0 : -1);
      return;
    }
    writer.int8(1);
    write(writer, value);
  };
}

interface TaggedWriter {
  readonly tag: number;
  readonly name: string;
  readonly write: Write;
  readonly isDefault: (value: unknown) => boolean;
}

function struct(fields: Fields, flexible: boolean, place: Place): Write {
  const steps: Write[] = [];
  const tags: TaggedWriter[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const at: Place = { path: `${place.path}.${name}`, version: place.version };
    if (!inRange(place.version, field.versions)) {
      if (!field.ignorable) steps.push(refuseUnlessDefault(name, defaultCheck(field), at));
      continue;
    }
    const write = compile(field, flexible, at);
    if (field.tag === undefined) {
      const fallback = defaultOf(field);
      steps.push((writer, values) => {
        const value = (values as Values)[name];
        write(writer, value === undefined ? fallback : value);
      });
    } else {
      tags.push({ tag: field.tag, name, write, isDefault: defaultCheck(field) });
    }
  }
  tags.sort((left, right) => left.tag - right.tag);
  return (writer, values) => {
    for (const step of steps) step(writer, values);
    if (flexible) writeTags(writer, values as Values, tags);
  };
}

function refuseUnlessDefault(name: string, isDefault: (value: unknown) => boolean, place: Place): Write {
  return (_writer, values) => {
    if (isDefault((values as Values)[name])) return;
    throw new ApiError('UNSUPPORTED_VERSION', `${place.path} has no place in version ${place.version}`);
  };
}

function writeTags(writer: Writer, values: Values, tags: readonly TaggedWriter[]): void {
  let count = 0;
  for (const { name, isDefault } of tags) if (!isDefault(values[name])) count += 1;
  writer.unsignedVarint(count);
  if (count === 0) return;
  for (const { tag, name, write, isDefault } of tags) {
    const value = values[name];
    if (isDefault(value)) continue;
    writer.unsignedVarint(tag);
    writer.sized(() => write(writer, value));
  }
}
