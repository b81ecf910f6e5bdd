import { ApiError } from '@trunkline/kernel';
import { type Read, compileReader } from './codec/compile-reader.js';
import { type Write, compileWriter } from './codec/compile-writer.js';
import type { HotCodec, HotWriter } from './codec/hot.js';
import { READ_LIMITS, type ReadLimits, Reader } from './codec/reader.js';
import { Writer } from './codec/writer.js';
import type { AnyType, Carries, Decoded, Encodable } from './schema.js';

/** A table with its versions: a request, a response, a header, a record of a log. */
export interface Message<T extends AnyType = AnyType> extends Carries<Decoded<T>, Encodable<T>> {
  readonly name: string;
  /** The versions that exist, first and last. */
  readonly versions: readonly [first: number, last: number];
  /** The first version with compact lengths and tag sections; Infinity when no version has them. */
  readonly flexibleFrom: number;
  readonly type: T;
  /** Reads one body from where the reader stands. Throws MALFORMED; UNSUPPORTED_VERSION outside of `versions`. */
  read(reader: Reader, version: number): Decoded<T>;
  /** Writes one body. Throws UNSUPPORTED_VERSION when the value says what the version cannot, MALFORMED when no version can. */
  write(writer: Writer, version: number, value: Encodable<T>): void;
}

/** The key that tells a record's table in the metadata log or in a coordinator's log. */
export interface RecordMessage<T extends AnyType = AnyType> extends Message<T> {
  readonly key: number;
}

interface MessageOptions<T> {
  readonly name: string;
  readonly versions: readonly [first: number, last: number];
  readonly flexibleFrom: number;
  readonly type: T;
  readonly hot?: HotCodec<unknown, never> | undefined;
}

/** Names a table. Compiles each version when it is first used. */
export function message<T extends AnyType>(options: MessageOptions<T>): Message<T> {
  const { name, versions, flexibleFrom, type, hot } = options;
  const readHot = hot?.read;
  const writeHot = hot?.write as HotWriter<unknown> | undefined;
  const knowsHot = (version: number): boolean => version >= hot!.from && version <= versions[1];
  const readers: (Read | undefined)[] = [];
  const writers: (Write | undefined)[] = [];
  const refuseUnknown = (version: number): void => {
    if (Number.isInteger(version) && version >= versions[0] && version <= versions[1]) return;
    throw new ApiError('UNSUPPORTED_VERSION', `${name} has versions ${versions[0]} to ${versions[1]}, not ${version}`);
  };
  const compiledReader = (version: number): Read => {
    refuseUnknown(version);
    return (readers[version] = compileReader(type, version, version >= flexibleFrom));
  };
  const compiledWriter = (version: number): Write => {
    refuseUnknown(version);
    return (writers[version] = compileWriter(type, version, version >= flexibleFrom, name));
  };
  const made: Omit<Message<T>, keyof Carries<unknown, unknown>> = {
    name,
    versions,
    flexibleFrom,
    type,
    read: (reader, version) => {
      reader.what = name;
      if (readHot !== undefined && knowsHot(version)) {
        const { at, left } = reader;
        const value = readHot(reader, version);
        if (value !== undefined) return value as Decoded<T>;
        reader.rewind(at, left);
      }
      return (readers[version] ?? compiledReader(version))(reader) as Decoded<T>;
    },
    write: (writer, version, value) => {
      if (writeHot !== undefined && knowsHot(version) && writeHot(writer, version, value)) return;
      (writers[version] ?? compiledWriter(version))(writer, value);
    },
  };
  return made as Message<T>;
}

/** Names the table of a log's record. */
export function recordMessage<T extends AnyType>(options: MessageOptions<T> & { key: number }): RecordMessage<T> {
  return { ...message(options), key: options.key };
}

/** One API of the protocol: its key, its name, and the tables of request and response. */
export interface Api<Request extends AnyMessage = AnyMessage, Response extends AnyMessage = AnyMessage> {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [first: number, last: number];
  /** Request and response turn flexible in the same version. Infinity: never. */
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
}

export type AnyMessage = Message;
export type AnyApi = Api;

/** What a broker is asked: as read, every field present. */
export type RequestOf<A extends AnyApi> = Decoded<A['request']>;
/** What a broker answers: as written, fields with a default may be left out. */
export type ResponseOf<A extends AnyApi> = Encodable<A['response']>;

interface ApiOptions<Request extends AnyType, Response extends AnyType> {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [first: number, last: number];
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
  readonly hotRequest?: HotCodec<Decoded<Request>, Encodable<Request>>;
  readonly hotResponse?: HotCodec<Decoded<Response>, Encodable<Response>>;
}

export function api<Request extends AnyType, Response extends AnyType>(
  options: ApiOptions<Request, Response>,
): Api<Message<Request>, Message<Response>> {
  const { key, name, versions, flexibleFrom, hotRequest, hotResponse } = options;
  return {
    key,
    name,
    versions,
    flexibleFrom,
    request: message({ name: `${name}Request`, versions, flexibleFrom, type: options.request, hot: hotRequest }),
    response: message({ name: `${name}Response`, versions, flexibleFrom, type: options.response, hot: hotResponse }),
  };
}

/** One writer for all: writing never waits, so no two messages are ever written at once. */
export const sharedWriter = new Writer();

/** The body alone, without header and size, as chunks in order. */
export function encodeBody<M extends AnyMessage>(message: M, version: number, value: Encodable<M>): Uint8Array[] {
  sharedWriter.begin();
  message.write(sharedWriter, version, value);
  return sharedWriter.finish();
}

/** A body that takes up all of `bytes`. Throws MALFORMED when bytes are left over. */
export function decodeBody<M extends AnyMessage>(
  message: M,
  version: number,
  bytes: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
): Decoded<M> {
  const reader = new Reader(bytes, message.name, limits);
  const value = message.read(reader, version);
  if (reader.remaining > 0) throw reader.refuse(`${reader.remaining} bytes behind the end`);
  return value as Decoded<M>;
}
