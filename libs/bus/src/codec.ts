import { fromUtf8, utf8 } from '@trunkline/kernel';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { TrunklineError } from './error.js';

/**
 * Turns values into bytes and back. `T` is what a handler gets; `In` is what a sender may give (the same, unless the
 * codec fills in defaults or converts).
 *
 * `decode` must not trust its bytes. It throws `TrunklineError('INVALID_PAYLOAD', …, { details })` when the bytes were read
 * but are not valid, and anything when they cannot be read: both lead straight to the dead letters.
 */
export interface Codec<T, In = T> {
  /** The media type that travels in the header `content-type`: `application/json`. */
  readonly contentType: string;
  /** A property and no method, so that the compiler is strict about what may be sent. */
  readonly encode: (value: In) => Uint8Array;
  /** May return a promise; then the message waits for it before its handler runs. The bytes must not be changed. */
  decode(bytes: Uint8Array): T | Promise<T>;
  /** Which content types it reads. Missing: its own, whatever the parameters behind `;` say. */
  accepts?(contentType: string): boolean;
}

/**
 * JSON in UTF-8.
 *
 * The type is the sender's word: nothing is validated. Use `schema` or `dto` where the bytes come from elsewhere.
 */
export function json<T>(): Codec<T> {
  return { contentType: 'application/json', encode: toJson, decode: (bytes) => fromJson(bytes) as T };
}

/** Text in UTF-8. Bytes that are not UTF-8 are a decoding error. */
export function text(): Codec<string> {
  return { contentType: 'text/plain', encode: utf8, decode: strictText };
}

/** The bytes as they are, whatever their content type says. */
export function bytes(): Codec<Uint8Array> {
  const same = (value: Uint8Array): Uint8Array => value;
  return { contentType: 'application/octet-stream', encode: same, decode: same, accepts: () => true };
}

/**
 * JSON that is validated on the way in by a Standard Schema (zod, valibot, arktype, …). Senders give the schema's input
 * type, handlers get its output type.
 *
 * Not promised: validation on the way out; there the compiler checks.
 */
export function schema<Schema extends StandardSchemaV1>(
  standard: Schema,
): Codec<StandardSchemaV1.InferOutput<Schema>, StandardSchemaV1.InferInput<Schema>> {
  type Out = StandardSchemaV1.InferOutput<Schema>;
  const settle = (result: StandardSchemaV1.Result<unknown>): Out => {
    if (result.issues !== undefined) throw invalidPayload(result.issues.map(issueOf));
    return result.value;
  };
  return {
    contentType: 'application/json',
    encode: toJson,
    decode: (read): Out | Promise<Out> => {
      const result = standard['~standard'].validate(fromJson(read));
      return isPromise(result) ? result.then(settle) : settle(result);
    },
  };
}

/** One thing that is wrong with a payload; `path` is dotted, empty for the whole. */
export interface PayloadIssue {
  readonly path: string;
  readonly message: string;
}

const ISSUES_MAX = 32;

/** The error of a payload that does not satisfy its schema; keeps the first 32 issues as `details`. */
export function invalidPayload(issues: readonly PayloadIssue[]): TrunklineError {
  const kept = issues.slice(0, ISSUES_MAX);
  const said = kept.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new TrunklineError('INVALID_PAYLOAD', said, { details: kept });
}

function issueOf(issue: StandardSchemaV1.Issue): PayloadIssue {
  const keys = issue.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? [];
  return { path: keys.join('.'), message: issue.message };
}

/** Whether a message with `contentType` may be read by `codec`. Nothing guesses: what is not accepted is an error. */
export function acceptsContentType(codec: Codec<unknown, never>, contentType: string): boolean {
  if (contentType === codec.contentType) return true;
  return codec.accepts?.(contentType) ?? mediaType(contentType) === mediaType(codec.contentType);
}

/** Whether it must be awaited; also for promises of another realm. What is not awaited costs no turn. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function toJson(value: unknown): Uint8Array {
  const said: string | undefined = JSON.stringify(value);
  if (said === undefined) throw new TrunklineError('ENCODE_FAILED', `JSON has no form for ${typeof value}`);
  return utf8(said);
}

function fromJson(read: Uint8Array): unknown {
  return JSON.parse(fromUtf8(read));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strictText(read: Uint8Array): string {
  return strict.decode(read);
}
