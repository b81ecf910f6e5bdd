import { EMPTY_BYTES, ZERO_UUID, bytesEqual } from '@trunkline/kernel';
import type { AnyType, PrimitiveName } from '../schema.js';

export const NO_ELEMENTS: readonly never[] = Object.freeze([]);

function primitiveDefault(name: PrimitiveName): unknown {
  switch (name) {
    case 'bool':
      return false;
    case 'int64':
      return 0n;
    case 'uuid':
      return ZERO_UUID;
    case 'string':
      return '';
    case 'bytes':
      return EMPTY_BYTES;
    case 'records':
      return null;
    default:
      return 0;
  }
}

/** The value of a field that is not there. Shared and frozen: who reads it must not change it. */
export function defaultOf(type: AnyType): unknown {
  if (type.fallback !== undefined) return type.fallback;
  switch (type.shape.kind) {
    case 'primitive':
      return primitiveDefault(type.shape.name);
    case 'array':
      return NO_ELEMENTS;
    case 'struct':
      return Object.freeze(
        Object.fromEntries(Object.entries(type.shape.fields).map(([name, field]) => [name, defaultOf(field)])),
      );
  }
}

/** Tells whether a value is the default of this type; undefined is. */
export function defaultCheck(type: AnyType): (value: unknown) => boolean {
  const fallback = defaultOf(type);
  if (fallback === null) return (value) => value === null || value === undefined;
  switch (type.shape.kind) {
    case 'primitive':
      return primitiveCheck(type.shape.name, fallback);
    case 'array':
      return (value) => value === undefined || (Array.isArray(value) && value.length === 0);
    case 'struct': {
      const checks = Object.entries(type.shape.fields).map(([name, field]) => ({ name, check: defaultCheck(field) }));
      return (value) => {
        if (value === undefined) return true;
        if (value === null) return false;
        const given = value as Readonly<Record<string, unknown>>;
        return checks.every(({ name, check }) => check(given[name]));
      };
    }
  }
}

function primitiveCheck(name: PrimitiveName, fallback: unknown): (value: unknown) => boolean {
  if (name === 'bytes' || name === 'records') {
    const expected = fallback as Uint8Array;
    return (value) => value === undefined || (value instanceof Uint8Array && bytesEqual(value, expected));
  }
  if (name === 'int64') {
    const expected = fallback as bigint;
    return (value) =>
      value === undefined || value === expected || (typeof value === 'number' && BigInt(value) === expected);
  }
  return (value) => value === undefined || value === fallback;
}
