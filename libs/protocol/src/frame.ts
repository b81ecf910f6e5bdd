import { ApiError } from '@trunkline/kernel';
import { type AnyApi, type RequestOf, type ResponseOf, sharedWriter } from './api.js';
import { apiByKey } from './apis.js';
import { isInt32 } from './codec/hot.js';
import { READ_LIMITS, type ReadLimits, Reader } from './codec/reader.js';
import { errorCode } from './error-codes.js';
import { malformed } from './malformed.js';
import { ApiVersions } from './messages/18-api-versions.js';
import { RequestHeader, ResponseHeader } from './messages/headers.js';
import type { Decoded, Encodable } from './schema.js';

/** Bytes of the int32 in front of each frame. */
export const FRAME_SIZE_BYTES = 4;

/** A request whose header is read and whose body still is bytes. */
export interface ReceivedRequest {
  readonly api: AnyApi;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** As the client sent it: untrusted, may be null. */
  readonly clientId: string | null;
  /** Stands at the first byte of the body. */
  readonly body: Reader;
}

/** Header 2 has a tag section; it goes with flexible requests. */
export function requestHeaderVersion(api: AnyApi, apiVersion: number): 1 | 2 {
  return apiVersion >= api.flexibleFrom ? 2 : 1;
}

/** Header 1 has a tag section; it goes with flexible responses, but never with those of ApiVersions (KIP-511). */
export function responseHeaderVersion(api: AnyApi, apiVersion: number): 0 | 1 {
  return api.key !== ApiVersions.key && apiVersion >= api.flexibleFrom ? 1 : 0;
}

/**
 * Reads the header of a request from a frame without its size.
 *
 * Throws MALFORMED for short or broken headers, UNSUPPORTED_VERSION for a key that no table has. The version is **not**
 * judged: whoever answers knows which it serves (and answers ApiVersions of any version, see KIP-511).
 */
export function decodeRequestHeader(frame: Uint8Array, limits: ReadLimits = READ_LIMITS): ReceivedRequest {
  const body = new Reader(frame, 'request header', limits);
  const key = body.int16();
  const apiVersion = body.int16();
  const api = apiByKey(key);
  if (api === undefined) throw new ApiError('UNSUPPORTED_VERSION', `no api has the key ${key}`);
  body.at = 0;
  const { correlationId, clientId } = RequestHeader.read(body, requestHeaderVersion(api, apiVersion));
  return { api, apiVersion, correlationId, clientId, body };
}

/** Reads the body that stands behind a header. Bytes behind its end are left alone, as Kafka does. */
export function decodeRequestBody<A extends AnyApi>(api: A, apiVersion: number, body: Reader): RequestOf<A> {
  return api.request.read(body, apiVersion) as RequestOf<A>;
}

/** A whole response frame with its size, as chunks in order. */
export function encodeResponse<A extends AnyApi>(
  api: A,
  apiVersion: number,
  correlationId: number,
  body: ResponseOf<A>,
): Uint8Array[] {
  if (!isInt32(correlationId)) throw malformed(`${correlationId} is no correlation id`);
  sharedWriter.begin();
  sharedWriter.int32(0);
  sharedWriter.int32(correlationId);
  if (responseHeaderVersion(api, apiVersion) === 1) sharedWriter.unsignedVarint(0);
  api.response.write(sharedWriter, apiVersion, body);
  return sharedWriter.finishFrame();
}

/** A whole request frame with its size, as chunks in order. */
export function encodeRequest<A extends AnyApi>(
  api: A,
  apiVersion: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: Encodable<A['request']>,
): Uint8Array[] {
  const { correlationId, clientId } = header;
  if (!isInt32(correlationId)) throw malformed(`${correlationId} is no correlation id`);
  sharedWriter.begin();
  sharedWriter.int32(0);
  sharedWriter.int16(api.key);
  sharedWriter.int16(apiVersion);
  sharedWriter.int32(correlationId);
  if (clientId === null) sharedWriter.int16(-1);
  else sharedWriter.string(clientId, false);
  if (requestHeaderVersion(api, apiVersion) === 2) sharedWriter.unsignedVarint(0);
  api.request.write(sharedWriter, apiVersion, body);
  return sharedWriter.finishFrame();
}

/** Reads the header of a response, and gives its correlation id. Throws MALFORMED. */
export function readResponseHeader(reader: Reader, api: AnyApi, apiVersion: number): number {
  const { at } = reader;
  const correlationId = reader.int32();
  if (responseHeaderVersion(api, apiVersion) === 0 || reader.unsignedVarint() === 0) return correlationId;
  reader.at = at;
  return ResponseHeader.read(reader, 1).correlationId;
}

/** The correlation id of a response frame without its size: it says which request, and so which API, is answered. */
export function correlationIdOf(frame: Uint8Array): number {
  return new Reader(frame, 'response header').int32();
}

const UNSUPPORTED_VERSION = errorCode('UNSUPPORTED_VERSION');

/**
 * Reads a response frame without its size, as the API and version that were asked.
 *
 * A broker that does not know the version of an ApiVersions request answers in version 0 with error 35; that answer is
 * read as what it is.
 */
export function decodeResponse<A extends AnyApi>(
  api: A,
  apiVersion: number,
  frame: Uint8Array,
  limits: ReadLimits = READ_LIMITS,
): { readonly correlationId: number; readonly body: Decoded<A['response']> } {
  const reader = new Reader(frame, 'response header', limits);
  const correlationId = readResponseHeader(reader, api, apiVersion);
  const version = api.key === ApiVersions.key && isVersionRefusal(reader) ? 0 : apiVersion;
  return { correlationId, body: api.response.read(reader, version) as Decoded<A['response']> };
}

function isVersionRefusal(reader: Reader): boolean {
  const { at } = reader;
  const code = reader.int16();
  reader.at = at;
  return code === UNSUPPORTED_VERSION;
}
