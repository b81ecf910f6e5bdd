import { type Codec, type PayloadIssue, invalidPayload, json } from '@trunkline/bus';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validate } from 'class-validator';

/** Nested objects deeper than this are not looked into for messages. */
const DEPTH_MAX = 16;

/**
 * JSON that becomes an instance of a class and is validated by its class-validator decorators. Properties without a
 * decorator are left out (`whitelist`); values are not converted (`"1"` is no number).
 *
 * What is not valid is a decoding error that names each field: such a message is never tried again.
 */
export function dto<T extends object>(type: Type<T>): Codec<T> {
  const plainJson = json<unknown>();
  return {
    contentType: plainJson.contentType,
    encode: (value) => plainJson.encode(value),
    decode: async (bytes) => {
      const plain = await plainJson.decode(bytes);
      if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
        throw invalidPayload([{ path: '', message: `an object is wanted for ${type.name}` }]);
      }
      const value = plainToInstance(type, plain);
      const errors = await validate(value, { whitelist: true, forbidUnknownValues: false });
      if (errors.length > 0) throw invalidPayload(errors.flatMap((error) => issuesOf(error, '', 0)));
      return value;
    },
  };
}

function issuesOf(error: ValidationError, parent: string, depth: number): PayloadIssue[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  if (depth === DEPTH_MAX) return own;
  return [...own, ...(error.children ?? []).flatMap((child) => issuesOf(child, path, depth + 1))];
}
