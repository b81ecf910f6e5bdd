import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import * as protocol from '@trunkline/protocol';

// Every table of ours against the published field tables. The two are laid out per version, each by code of its own, so
// that a range, a default or a tag that differs shows wherever it matters.

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PUBLISHED = here('../../../shared/kafka-messages');
const FOLDERS = ['messages', 'metadata-records', 'coordinator-records'];
/** Tables of ours that Kafka has in its clients' code only. */
const OWN = ['StickyUserData', 'CooperativeStickyUserData'];

interface PublishedField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean;
  readonly flexibleVersions?: string;
  readonly fields?: readonly PublishedField[];
}

interface PublishedTable {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly PublishedField[];
  readonly commonStructs?: readonly PublishedField[];
}

/** A field as one version has it. */
type Laid =
  | { readonly name: string; readonly absent: true; readonly ignorable: boolean }
  | {
      readonly name: string;
      readonly type: string;
      readonly nullable: boolean;
      readonly tag: number | undefined;
      readonly fallback: string;
      readonly flexible: boolean;
      readonly fields: readonly Laid[];
    };

function span(text: string): readonly [number, number] {
  if (text === 'none') return [Infinity, -Infinity];
  const [first = '', last] = text.split(/[-+]/);
  return [Number(first), last === undefined ? Number(first) : last === '' ? Infinity : Number(last)];
}

function within(version: number, text: string | undefined): boolean {
  if (text === undefined) return false;
  const [first, last] = span(text);
  return version >= first && version <= last;
}

class Published {
  readonly #structs: ReadonlyMap<string, PublishedField>;

  constructor(
    readonly table: PublishedTable,
    readonly version: number,
  ) {
    this.#structs = new Map((table.commonStructs ?? []).map((struct) => [struct.name, struct]));
  }

  lay(fields: readonly PublishedField[], flexible: boolean): readonly Laid[] {
    return fields.filter(isInAnyVersion(this.table)).map((field) => {
      const name = field.name.charAt(0).toLowerCase() + field.name.slice(1);
      if (!within(this.version, field.versions ?? field.taggedVersions)) {
        return { name, absent: true, ignorable: field.ignorable === true };
      }
      const element = field.type.replace('[]', '');
      const nested = field.fields ?? this.#structs.get(element)?.fields ?? [];
      return {
        name,
        type: /^[A-Z]/.test(element) ? field.type.replace(element, 'struct') : field.type,
        nullable: within(this.version, field.nullableVersions),
        tag: within(this.version, field.taggedVersions) ? field.tag : undefined,
        fallback: publishedDefault(field),
        flexible: flexible && field.flexibleVersions !== 'none',
        fields: this.lay(nested, flexible),
      };
    });
  }
}

/** One field, `ShareFetchRequest`'s `PartitionMaxBytes`, went with a version that has gone. */
function isInAnyVersion(table: PublishedTable): (field: PublishedField) => boolean {
  return (field) => versionsOf(table).some((version) => within(version, field.versions ?? field.taggedVersions));
}

function publishedDefault({ type, default: given }: PublishedField): string {
  if (given === 'null') return 'null';
  if (given === undefined || given === null) return 'none';
  if (type === 'string') return JSON.stringify(given);
  if (type === 'bool') return String(given);
  return BigInt(String(given)).toString();
}

const ZERO: Readonly<Record<string, string>> = { bool: 'false', string: '""' };

function layOurs(fields: protocol.Fields, version: number, flexible: boolean): readonly Laid[] {
  return Object.entries(fields).map(([name, field]) => {
    if (version < field.versions[0] || version > field.versions[1]) {
      return { name, absent: true, ignorable: field.ignorable };
    }
    const isArray = field.shape.kind === 'array';
    const inner = field.shape.kind === 'array' ? field.shape.of.shape : field.shape;
    const type = inner.kind === 'primitive' ? inner.name : inner.kind;
    const range = field.nullable;
    return {
      name,
      type: isArray ? `[]${type}` : type,
      nullable: range !== undefined && version >= range[0] && version <= range[1],
      tag: field.tag,
      fallback: ourDefault(field.fallback),
      flexible: flexible && !field.classic,
      fields: inner.kind === 'struct' ? layOurs(inner.fields, version, flexible) : [],
    };
  });
}

function ourDefault(fallback: unknown): string {
  if (fallback === undefined) return 'none';
  if (fallback === null) return 'null';
  return typeof fallback === 'bigint' ? fallback.toString() : JSON.stringify(fallback);
}

/** A default that is written out and is the type's own zero says nothing. */
function plain(laid: Laid): Laid {
  if ('absent' in laid) return laid;
  const zero = ZERO[laid.type] ?? '0';
  return {
    ...laid,
    fallback: laid.fallback === zero ? 'none' : laid.fallback,
    fields: laid.fields.map(plain),
  };
}

function tables(): readonly PublishedTable[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(PUBLISHED, folder)).map(
      (file) => JSON.parse(readFileSync(join(PUBLISHED, folder, file), 'utf8')) as PublishedTable,
    ),
  );
}

function isMessage(one: unknown): one is protocol.Message {
  return typeof one === 'object' && one !== null && 'flexibleFrom' in one && 'type' in one;
}

function ours(): ReadonlyMap<string, protocol.Message> {
  const ofApis = protocol.APIS.flatMap(({ request, response }) => [request, response]);
  const others = Object.values<unknown>(protocol).filter(isMessage);
  return new Map([...ofApis, ...others].map((message) => [message.name, message]));
}

function versionsOf({ validVersions }: PublishedTable): readonly number[] {
  return versionsIn(span(validVersions));
}

function versionsIn([first, last]: readonly [number, number]): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** All versions of a table, laid out. */
type Layout = Readonly<Record<number, { readonly flexible: boolean; readonly fields: readonly Laid[] }>>;

function publishedLayout(table: PublishedTable): Layout {
  const laid = versionsOf(table).map((version) => {
    const flexible = within(version, table.flexibleVersions);
    const fields = new Published(table, version).lay(table.fields ?? [], flexible).map(plain);
    return [version, { flexible, fields }];
  });
  return Object.fromEntries(laid) as Layout;
}

function ourLayout({ type, versions, flexibleFrom }: protocol.Message): Layout {
  const { shape } = type;
  if (shape.kind !== 'struct') return {};
  const laid = versionsIn(versions).map((version) => {
    const flexible = version >= flexibleFrom;
    return [version, { flexible, fields: layOurs(shape.fields, version, flexible).map(plain) }];
  });
  return Object.fromEntries(laid) as Layout;
}

function differences(table: PublishedTable, message: protocol.Message): readonly string[] {
  const mine = ourLayout(message);
  const theirs = publishedLayout(table);
  const all = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].map(Number);
  return all
    .map((version) => ({ version, left: JSON.stringify(mine[version]), right: JSON.stringify(theirs[version]) }))
    .filter(({ left, right }) => left !== right)
    .map(({ version, left, right }) => `version ${version}: ${left} <> ${right}`);
}

/** Digests of all versions of every table: what stands for the published tables where their folder is absent. */
function digests(layouts: readonly (readonly [string, Layout])[]): Readonly<Record<string, string>> {
  const sum = (layout: Layout): string =>
    createHash('sha256').update(JSON.stringify(layout)).digest('hex').slice(0, 16);
  return Object.fromEntries(
    layouts.map(([name, layout]) => [name, sum(layout)] as const).sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

const published = existsSync(PUBLISHED);
if (!published) console.log(`${PUBLISHED} is absent: tables are held against golden digests and bytes alone`);

describe('tables of the protocol', () => {
  it('have golden bytes in their first and last version', () => {
    const lines = readFileSync(here('./golden/messages.jsonl'), 'utf8').trim().split('\n');
    const proven = new Set(lines.map((line) => JSON.parse(line) as { name: string; version: number }).map(keyOf));
    const wanted = [...ours().values()]
      .filter(({ name }) => !OWN.includes(name) && !name.endsWith('Header'))
      .flatMap(({ name, versions }) => versions.map((version) => ({ name, version })));
    expect(wanted.map(keyOf).filter((key) => !proven.has(key))).toEqual([]);
  });

  it('equal the published ones in every version', () => {
    const known = ours();
    const wrong = (published ? tables() : [])
      .filter(({ validVersions }) => validVersions !== 'none')
      .flatMap((table) => {
        const message = known.get(table.name);
        if (message === undefined) return [`${table.name} has no table`];
        return differences(table, message).map((why) => `${table.name}: ${why}`);
      });
    expect(wrong).toEqual([]);
  });

  it('equal the digests of the published ones', () => {
    const golden: unknown = JSON.parse(readFileSync(here('./golden-tables.json'), 'utf8'));
    const mine = [...ours().values()].filter(({ name }) => !OWN.includes(name));
    expect(digests(mine.map((message) => [message.name, ourLayout(message)]))).toEqual(golden);
    if (!published) return;
    const theirs = tables().filter(({ validVersions }) => validVersions !== 'none');
    expect(digests(theirs.map((table) => [table.name, publishedLayout(table)]))).toEqual(golden);
  });

  it('are all published ones and no others, under their keys', () => {
    const all = new Map(tablesIfPublished().map((table) => [table.name, table]));
    const keys = [...ours().values()].map((message) => ({
      name: message.name,
      key:
        'key' in message
          ? message.key
          : protocol.APIS.find((api) => message === api.request || message === api.response)?.key,
    }));
    const strange = keys.filter(({ name, key }) => published && !OWN.includes(name) && all.get(name)?.apiKey !== key);
    expect(strange).toEqual([]);
    expect(protocol.APIS.filter(({ key }) => key >= 4 && key <= 7)).toEqual([]);
  });
});

function tablesIfPublished(): readonly PublishedTable[] {
  return published ? tables() : [];
}

function keyOf({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name} v${version}`;
}
