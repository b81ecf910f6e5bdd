// The JSON form of the vectors, both ways: what Kafka's converters write, and what our codec reads and takes.

/** Parses a line; integers of 16 and more digits become bigints, which JSON.parse alone would round. */
export function parseLine(line) {
  const quoted = line.replace(/([:,[])(-?\d{16,})(?=[,\]}])/g, '$1{"$big":"$2"}');
  return JSON.parse(quoted, (_key, value) => (typeof value?.$big === 'string' ? BigInt(value.$big) : value));
}

const within = (version, range) => range !== undefined && version >= range[0] && version <= range[1];

export const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));
export const toBase64 = (bytes) => Buffer.from(bytes).toString('base64');
export const fromHex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const toHex = (bytes) => Buffer.from(bytes).toString('hex');

/** What writing takes, from the JSON form. Fields that the JSON leaves out are left out here too. */
export function fromJson(type, json) {
  if (json === null || json === undefined) return json;
  const { shape } = type;
  switch (shape.kind) {
    case 'array':
      return json.map((element) => fromJson(shape.of, element));
    case 'struct': {
      const known = Object.entries(shape.fields).filter(([name]) => name in json);
      const strange = Object.keys(json).filter((name) => !(name in shape.fields));
      if (strange.length > 0) throw new Error(`the table has no field ${strange.join(', ')}`);
      return Object.fromEntries(known.map(([name, field]) => [name, fromJson(field, json[name])]));
    }
    default:
      return primitiveFromJson(shape.name, json);
  }
}

function primitiveFromJson(name, json) {
  switch (name) {
    case 'int64':
      return BigInt(json);
    case 'float64':
      return Number(json);
    case 'bytes':
    case 'records':
      return fromBase64(json);
    default:
      return json;
  }
}

/** The JSON form of what was read: without what the version lacks, and without tagged fields at their default. */
export function toJson(type, version, value) {
  if (value === null) return null;
  const { shape } = type;
  switch (shape.kind) {
    case 'array':
      return value.map((element) => toJson(shape.of, version, element));
    case 'struct': {
      const json = {};
      for (const [name, field] of Object.entries(shape.fields)) {
        if (!within(version, field.versions)) continue;
        if (!(name in value)) throw new Error(`reading left out ${name}`);
        const one = toJson(field, version, value[name]);
        if (field.tag !== undefined && same(one, defaultJson(field, version))) continue;
        json[name] = one;
      }
      return json;
    }
    default:
      return primitiveToJson(shape.name, value);
  }
}

const small = (value) => (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value);

function primitiveToJson(name, value) {
  switch (name) {
    case 'int64':
      return small(value);
    case 'bytes':
    case 'records':
      return toBase64(value);
    default:
      return value;
  }
}

const ZEROS = { bool: false, string: '', uuid: 'AAAAAAAAAAAAAAAAAAAAAA', bytes: '', records: null };

function defaultJson(type, version) {
  if (type.fallback === null) return null;
  if (type.fallback !== undefined) return toJson({ ...type, tag: undefined }, version, type.fallback);
  const { shape } = type;
  if (shape.kind === 'array') return [];
  if (shape.kind === 'primitive') return shape.name in ZEROS ? ZEROS[shape.name] : 0;
  const fields = Object.entries(shape.fields).filter(
    ([, field]) => within(version, field.versions) && field.tag === undefined,
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, defaultJson(field, version)]));
}

/** Whether two JSON forms are equal; a number and the bigint of the same value are. */
export function same(left, right) {
  if (typeof left === 'bigint' || typeof right === 'bigint') {
    return (
      (typeof left === 'bigint' || typeof left === 'number') &&
      (typeof right === 'bigint' || typeof right === 'number') &&
      BigInt(left) === BigInt(right)
    );
  }
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) {
    return Object.is(left, right) || (left === 0 && right === 0);
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => name in right && same(left[name], right[name]))
  );
}

/** Where two JSON forms part first, as `path: left <> right`; undefined when they are equal. */
export function difference(left, right, path = '') {
  if (same(left, right)) return undefined;
  const both = [left, right].every((side) => typeof side === 'object' && side !== null);
  if (both) {
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = difference(left[name], right[name], `${path}.${name}`);
      if (found !== undefined) return found;
    }
  }
  return `${path || 'value'}: ${show(left)} <> ${show(right)}`;
}

function show(value) {
  const text = JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? `${one}n` : one)) ?? 'nothing';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
