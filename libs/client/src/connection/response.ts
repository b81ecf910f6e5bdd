import {
  type AnyApi,
  ApiVersions,
  type Decoded,
  type ReadLimits,
  Reader,
  errorCode,
  readResponseHeader,
} from '@trunkline/protocol';

const UNSUPPORTED_VERSION = errorCode('UNSUPPORTED_VERSION');

/** The first four bytes of an answer. The frame has at least those. */
export function readCorrelationId(frame: Uint8Array): number {
  return (frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!;
}

/**
 * The body of an answer, which takes up the whole frame. Bytes and records in it are views on the frame.
 *
 * Throws ApiError MALFORMED for broken bodies, impossible counts, and bytes that are left over. An ApiVersions answer
 * that refuses the version is read as what it is: version 0 (KIP-511).
 */
export function readResponse<A extends AnyApi>(
  api: A,
  apiVersion: number,
  frame: Uint8Array,
  limits: ReadLimits,
): Decoded<A['response']> & object {
  const reader = new Reader(frame, 'response header', limits);
  readResponseHeader(reader, api, apiVersion);
  const version = api.key === ApiVersions.key && refusesVersion(reader) ? 0 : apiVersion;
  const body = api.response.read(reader, version) as Decoded<A['response']> & object;
  if (reader.remaining > 0) throw reader.refuse(`${reader.remaining} bytes are left over`);
  return body;
}

function refusesVersion(reader: Reader): boolean {
  const { at } = reader;
  const code = reader.int16();
  reader.at = at;
  return code === UNSUPPORTED_VERSION;
}
