// What a line of each file about messages must fulfil. Every check gives a text for what differs, or undefined.
import { difference, fromHex, fromJson, same, toHex, toJson } from './json-form.mjs';

/** Every table of the protocol by its name. */
export function messagesByName(protocol) {
  const byName = new Map();
  for (const one of Object.values(protocol)) {
    if (typeof one !== 'object' || one === null) continue;
    if ('request' in one && 'response' in one) {
      byName.set(one.request.name, one.request);
      byName.set(one.response.name, one.response);
    } else if ('versions' in one && 'type' in one) byName.set(one.name, one);
  }
  return byName;
}

/** Reading gives the JSON and uses up the bytes; writing the JSON, and writing what was read, give the bytes. */
function bodyCheck(protocol, message, version, json, hex, { writes = true } = {}) {
  if (message === undefined) return `no table has this name`;
  const read = protocol.decodeBody(message, version, fromHex(hex));
  const wrong = difference(toJson(message.type, version, read), json);
  if (wrong !== undefined) return `reading: ${wrong}`;
  if (!writes) return undefined;
  for (const [what, value] of [
    ['the JSON', fromJson(message.type, json)],
    ['what was read', read],
  ]) {
    const written = toHex(joined(protocol.encodeBody(message, version, value)));
    if (written !== hex) return `writing ${what}: ${place(written, hex)}`;
  }
  return undefined;
}

function joined(chunks) {
  return new Uint8Array(Buffer.concat(chunks));
}

function place(written, hex) {
  let at = 0;
  while (at < hex.length && written[at] === hex[at]) at += 1;
  const byte = at >> 1;
  return `byte ${byte} is ${written.slice(byte * 2, byte * 2 + 8) || 'missing'}, not ${hex.slice(byte * 2, byte * 2 + 8) || 'there'}`;
}

/** Lines of `messages`, `metadata-records` and `coordinator-records`: the file's name is the message's. */
export function messageFile(protocol, name) {
  const message = messagesByName(protocol).get(name);
  return ({ version, json, hex }) => bodyCheck(protocol, message, version, json, hex);
}

/** The project's own selection: lines of all messages in one file, each with its name. */
export function namedMessages(protocol) {
  const byName = messagesByName(protocol);
  return ({ name, version, json, hex }) => bodyCheck(protocol, byName.get(name), version, json, hex);
}

export function headers(protocol) {
  const byName = messagesByName(protocol);
  return ({ name, headerVersion, json, hex, unknownTaggedFields }) =>
    bodyCheck(protocol, byName.get(name), headerVersion, json, hex, { writes: unknownTaggedFields === undefined });
}

export function unknownTags(protocol) {
  const byName = messagesByName(protocol);
  return ({ name, version, json, hex }) => bodyCheck(protocol, byName.get(name), version, json, hex, { writes: false });
}

export function malformed(protocol) {
  const byName = messagesByName(protocol);
  return ({ name, version, why, hex }) => {
    const message = byName.get(name);
    if (message === undefined) return 'no table has this name';
    const error = thrownBy(() => protocol.decodeBody(message, version, fromHex(hex)));
    if (error === undefined) return `is read, though it is wrong: ${why}`;
    return error.code === protocol.MALFORMED ? undefined : `is refused with ${error.stack}`;
  };
}

function thrownBy(run) {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

export function frames(protocol) {
  return (line) => {
    const api = protocol.apiByKey(line.apiKey);
    if (api === undefined) return 'no api has this key';
    const bytes = fromHex(line.hex);
    const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0);
    if (size !== bytes.length - 4) return 'the size in front is wrong';
    const frame = bytes.subarray(4);
    return line.direction === 'request'
      ? requestFrame(protocol, api, line, frame)
      : responseFrame(protocol, api, line, frame);
  };
}

function requestFrame(protocol, api, { version, headerVersion, header, body, hex }, frame) {
  if (protocol.requestHeaderVersion(api, version) !== headerVersion) return 'another header version';
  const received = protocol.decodeRequestHeader(frame);
  const { apiVersion, correlationId, clientId } = received;
  const seen = { requestApiKey: received.api.key, requestApiVersion: apiVersion, correlationId, clientId };
  const wrong = difference(seen, header);
  if (wrong !== undefined) return `header: ${wrong}`;
  if (body === null) {
    const error = thrownBy(() => protocol.decodeRequestBody(api, apiVersion, received.body));
    return error?.code === 'UNSUPPORTED_VERSION' ? undefined : 'a body of an unknown version is read';
  }
  const read = protocol.decodeRequestBody(api, apiVersion, received.body);
  const differs = difference(toJson(api.request.type, version, read), body);
  if (differs !== undefined) return `body: ${differs}`;
  if (received.body.remaining > 0) return 'bytes are left over';
  const written = protocol.encodeRequest(api, version, { correlationId, clientId }, fromJson(api.request.type, body));
  return toHex(joined(written)) === hex ? undefined : `writing: ${place(toHex(joined(written)), hex)}`;
}

function responseFrame(protocol, api, { version, headerVersion, header, body, hex }, frame) {
  if (protocol.responseHeaderVersion(api, version) !== headerVersion) return 'another header version';
  const asked = body.errorCode === 35 && api.name === 'ApiVersions' ? [0, api.versions[1]] : [version];
  for (const one of asked) {
    const { correlationId, body: read } = protocol.decodeResponse(api, one, frame);
    const wrong = difference({ correlationId, body: toJson(api.response.type, version, read) }, { ...header, body });
    if (wrong !== undefined) return `read as answer to version ${one}: ${wrong}`;
  }
  const written = protocol.encodeResponse(api, version, header.correlationId, fromJson(api.response.type, body));
  return toHex(joined(written)) === hex ? undefined : `writing: ${place(toHex(joined(written)), hex)}`;
}

/** What stands in front of the body in each kind of log. */
const PREFIXES = {
  'metadata-record': {
    read: (reader) => [reader.unsignedVarint(), reader.unsignedVarint(), reader.unsignedVarint()],
    values: ({ apiKey, version }) => [1, apiKey, version],
    write: (writer, values) => values.forEach((value) => writer.unsignedVarint(value)),
  },
  'coordinator-key': {
    read: (reader) => [reader.int16()],
    values: ({ apiKey }) => [apiKey],
    write: (writer, values) => writer.int16(values[0]),
  },
  'coordinator-value': {
    read: (reader) => [reader.int16()],
    values: ({ version }) => [version],
    write: (writer, values) => writer.int16(values[0]),
  },
};

export function logRecords(protocol) {
  const byName = messagesByName(protocol);
  return (line) => {
    const { kind, name, apiKey, version, json, hex } = line;
    const message = byName.get(name);
    const prefix = PREFIXES[kind];
    if (message === undefined || prefix === undefined) return `no table for ${kind} ${name}`;
    if (message.key !== apiKey) return `the table's key is ${message.key}, not ${apiKey}`;
    const reader = new protocol.Reader(fromHex(hex));
    if (!same(prefix.read(reader), prefix.values(line))) return 'another prefix';
    const wrong = difference(toJson(message.type, version, message.read(reader, version)), json);
    if (wrong !== undefined) return `reading: ${wrong}`;
    if (reader.remaining > 0) return 'bytes are left over';
    const writer = new protocol.Writer();
    writer.begin();
    prefix.write(writer, prefix.values(line));
    message.write(writer, version, fromJson(message.type, json));
    const written = toHex(joined(writer.finish()));
    return written === hex ? undefined : `writing: ${place(written, hex)}`;
  };
}

const flat = (topics) =>
  topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));

/** Blobs of the group protocol: what comes out, and that writing it again gives the same bytes. */
export function groupBlobs(protocol) {
  const { StickyUserData, CooperativeStickyUserData, ConsumerProtocolSubscription, ConsumerProtocolAssignment } =
    protocol;
  const kinds = {
    subscription: {
      read: (bytes) => protocol.decodeSubscription(bytes),
      write: (version, value) => protocol.encodeSubscription(version, value),
      message: ConsumerProtocolSubscription,
      seen: ({ ownedPartitions, ...rest }) => ({ ...rest, ownedPartitions: flat(ownedPartitions) }),
    },
    assignment: {
      read: (bytes) => protocol.decodeAssignment(bytes),
      write: (version, value) => protocol.encodeAssignment(version, value),
      message: ConsumerProtocolAssignment,
      seen: ({ assignedPartitions, ...rest }) => ({ ...rest, partitions: flat(assignedPartitions) }),
    },
    stickyUserData: bare(StickyUserData, ({ previousAssignment, ...rest }) => ({
      ...rest,
      previousPartitions: flat(previousAssignment),
    })),
    cooperativeStickyUserData: bare(CooperativeStickyUserData, (value) => value),
  };
  function bare(message, seen) {
    return {
      read: (bytes, version) => protocol.decodeBody(message, version, bytes),
      write: (version, value) => joined(protocol.encodeBody(message, version, value)),
      message,
      seen,
    };
  }
  return ({ kind, version, decoded, hex }) => {
    const how = kinds[kind];
    if (how === undefined) return `no table for ${kind}`;
    const read = how.read(fromHex(hex), version);
    const newest = how.message.versions[1];
    const json = toJson(how.message.type, newest, read);
    const wrong = difference(sorted(how.seen(json)), sorted(decoded));
    if (wrong !== undefined) return `reading: ${wrong}`;
    if (version > newest) return undefined;
    const written = toHex(how.write(version, read));
    return written === hex ? undefined : `writing: ${place(written, hex)}`;
  };
}

/** Partitions in an order of their own: Kafka's writers group them by topic, and its maps give them as they like. */
function sorted(value) {
  const orderly = { ...value };
  for (const name of ['partitions', 'ownedPartitions', 'previousPartitions']) {
    if (!(name in orderly)) continue;
    orderly[name] = [...orderly[name]].sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition,
    );
  }
  return orderly;
}
