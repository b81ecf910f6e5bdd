// What a line of the files that are not about one message must fulfil.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { difference, fromBase64, fromHex, same, toBase64, toHex } from './json-form.mjs';

export function primitives({ Reader, Writer }) {
  const read = {
    unsignedVarint: (reader) => reader.unsignedVarint(),
    varint: (reader) => reader.varint(),
    varlong: (reader) => reader.varlong(),
    float64: (reader) => reader.float64(),
    uuid: (reader) => reader.uuid(),
  };
  return ({ type, value, hex, decodeOnly, left, error }) => {
    if (!(type in read)) return `no type ${type}`;
    const reader = new Reader(fromHex(hex));
    if (error !== undefined) return refusal(() => read[type](reader));
    const seen = read[type](reader);
    if (!(type === 'float64' ? Object.is(seen, Number(value)) : same(seen, value))) return `reading gives ${seen}`;
    if (reader.remaining !== (left ?? 0)) return `${reader.remaining} bytes are left over`;
    if (decodeOnly === true) return undefined;
    const writer = new Writer();
    writer.begin();
    writer[type](type === 'varlong' ? BigInt(value) : value);
    const written = toHex(Buffer.concat(writer.finish()));
    return written === hex ? undefined : `writing gives ${written}`;
  };
}

function refusal(run) {
  try {
    return `is read as ${run()}`;
  } catch (error) {
    return error.code === 'MALFORMED' ? undefined : `is refused with ${error.stack}`;
  }
}

export function murmur2Lines({ murmur2, partitionOfKey }) {
  return ({ key, murmur2: hash, partition }) => {
    const bytes = fromHex(key);
    const seen = { hash: murmur2(bytes), partition: byCount(partition, (count) => partitionOfKey(bytes, count)) };
    return difference(seen, { hash, partition });
  };
}

export function groupPartitions({ javaHashCode, partitionOfGroup }) {
  return ({ id, hashCode, partition }) => {
    const seen = { hashCode: javaHashCode(id), partition: byCount(partition, (count) => partitionOfGroup(id, count)) };
    return difference(seen, { hashCode, partition });
  };
}

function byCount(partition, compute) {
  return Object.fromEntries(Object.keys(partition).map((count) => [count, compute(Number(count))]));
}

export function apis(protocol) {
  return (line) => {
    const api = protocol.apiByKey(line.apiKey);
    if (!line.hasVersions) return api === undefined ? undefined : 'has a table, though no version exists';
    if (api === undefined) return 'no table';
    const [first, last] = api.versions;
    const versions = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const shown = protocol.advertisedVersions(api);
    const controller = protocol.CONTROLLER_VERSIONS[api.name];
    const seen = {
      name: api.name,
      min: first,
      max: last,
      requestHeaderVersions: versions.map((version) => protocol.requestHeaderVersion(api, version)),
      responseHeaderVersions: versions.map((version) => protocol.responseHeaderVersion(api, version)),
      broker: shown && { min: shown[0], max: shown[1] },
      controller: controller && { min: controller[0], max: controller[1] },
    };
    const { name, min, max, requestHeaderVersions, responseHeaderVersions } = line;
    const { advertised_broker: broker, advertised_controller: controllerShows } = line;
    return difference(seen, {
      name,
      min,
      max,
      requestHeaderVersions,
      responseHeaderVersions,
      broker,
      controller: controllerShows,
    });
  };
}

/** The lists of enums.json that code of ours holds; each gives what differs. */
export function enums({ protocol, kernel, records }) {
  const lists = {
    errors: (rows) => {
      const ours = Object.entries(protocol.ERROR_CODES).map(([name, { code, retriable }]) => ({
        code,
        name,
        retriable,
      }));
      return difference(byCode(ours), byCode(rows));
    },
    compressionType: (rows) =>
      difference(kernel.COMPRESSION_TYPES, Object.fromEntries(rows.map(({ name, code }) => [name, code]))),
    controlRecordType: (rows) => {
      const known = rows.filter(({ code }) => code >= 0).map(({ name, code }) => [name, code]);
      return difference(records.CONTROL_TYPES, Object.fromEntries(known));
    },
  };
  return (name, rows) => lists[name]?.(rows);
}

export const ENUMS_CHECKED = ['errors', 'compressionType', 'controlRecordType'];

const byCode = (rows) => [...rows].sort((left, right) => left.code - right.code);

export function crc32cLines({ crc32c, crc32cInJs }) {
  return ({ data, crc32c: sum }) => {
    const bytes = fromHex(data);
    const seen = { ours: crc32c(bytes), inJs: crc32cInJs(bytes) };
    return difference(seen, { ours: sum, inJs: sum });
  };
}

/** A whole SCRAM exchange (RFC 5802) computed by node:crypto: it proves the vectors, not code of ours. */
export function scram() {
  return (line) => {
    const name = line.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    const bytes = name === 'sha256' ? 32 : 64;
    const salted = pbkdf2Sync(line.password, fromBase64(line.salt), line.iterations, bytes, name);
    const hmac = (key, text) => createHmac(name, key).update(text).digest();
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash(name).update(clientKey).digest();
    const serverKey = hmac(salted, 'Server Key');
    const withoutProof = line.clientFinal.slice(0, line.clientFinal.lastIndexOf(',p='));
    const exchange = [line.clientFirst.slice('n,,'.length), line.serverFirst, withoutProof].join(',');
    const signature = hmac(storedKey, exchange);
    const proof = clientKey.map((byte, at) => byte ^ signature[at]);
    const serverSignature = hmac(serverKey, exchange);
    const seen = {
      saltedPassword: toBase64(salted),
      clientKey: toBase64(clientKey),
      storedKey: toBase64(storedKey),
      serverKey: toBase64(serverKey),
      clientProof: toBase64(proof),
      serverSignature: toBase64(serverSignature),
      clientFinal: `${withoutProof},p=${toBase64(proof)}`,
      serverFinal: `v=${toBase64(serverSignature)}`,
    };
    return difference(seen, Object.fromEntries(Object.keys(seen).map((key) => [key, line[key]])));
  };
}
