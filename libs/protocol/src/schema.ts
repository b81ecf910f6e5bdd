import type { Uuid } from '@trunkline/kernel';

declare const decoded: unique symbol;
declare const encodable: unique symbol;

/** Carries, for the compiler only, what reading gives and what writing takes. */
export interface Carries<Out, In> {
  readonly [decoded]: Out;
  readonly [encodable]: In;
}

/** What reading gives: every field is there, a field that the version lacks holds its default. Bytes are views. */
export type Decoded<T extends Carries<unknown, unknown>> = T[typeof decoded];

/** What writing takes: a field with a default, or one that some versions lack, may be left out. */
export type Encodable<T extends Carries<unknown, unknown>> = T[typeof encodable];

/** The types that stand for themselves on the wire. `records` differs from `bytes` in its default only: null. */
export type PrimitiveName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

export type Shape =
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'array'; readonly of: AnyType }
  | { readonly kind: 'struct'; readonly fields: Fields };

/** From the first to the last version, both included; `last` may be Infinity. */
export type VersionRange = readonly [first: number, last: number];

/** A row of a table: a type, and in which versions the field exists, may be null, or lives in the tag section. */
export interface AnyType extends Carries<unknown, unknown> {
  readonly shape: Shape;
  readonly versions: VersionRange;
  /** Where null is allowed; undefined: nowhere. */
  readonly nullable: VersionRange | undefined;
  /** The field's number in the tag section; undefined: it stands in its place among the others. */
  readonly tag: number | undefined;
  /** undefined: 0, false, '', no bytes, no elements, the zero uuid, a struct of defaults; for records null. */
  readonly fallback: unknown;
  /** Whether a value that a version has no place for is left out silently; otherwise writing refuses that version. */
  readonly ignorable: boolean;
  /** Keeps the classic encoding in flexible versions (the client id of the request header does). */
  readonly classic: boolean;
}

/** A row with what reading gives (`Out`) and what writing takes (`In`). */
export interface Type<Out, In = Out> extends AnyType {
  readonly [decoded]: Out;
  readonly [encodable]: In;
}

export type Fields = Readonly<Record<string, AnyType>>;

/** May be left out when writing. */
export interface Optional<T extends AnyType> extends Type<Decoded<T>, Encodable<T>> {
  readonly optional: true;
}
export interface Nullable<T extends AnyType> extends Type<Decoded<T> | null, Encodable<T> | null> {
  readonly optional?: false;
}
export interface ArrayOf<T extends AnyType> extends Type<readonly Decoded<T>[], readonly Encodable<T>[]> {
  readonly optional?: false;
}
export interface Struct<F extends Fields> extends Type<DecodedFields<F>, EncodableFields<F>> {
  readonly optional?: false;
  readonly shape: { readonly kind: 'struct'; readonly fields: F };
}

type DecodedFields<F extends Fields> = { readonly [K in keyof F]: Decoded<F[K]> };
interface MayBeLeftOut {
  readonly optional: true;
}
type EncodableFields<F extends Fields> = {
  readonly [K in keyof F as F[K] extends MayBeLeftOut ? never : K]: Encodable<F[K]>;
} & {
  readonly [K in keyof F as F[K] extends MayBeLeftOut ? K : never]?: Encodable<F[K]> | undefined;
};

const ALWAYS: VersionRange = [0, Infinity];

interface Row {
  readonly shape: Shape;
  readonly versions: VersionRange;
  readonly nullable: VersionRange | undefined;
  readonly tag: number | undefined;
  readonly fallback: unknown;
  readonly ignorable: boolean;
  readonly classic: boolean;
}

function row(shape: Shape): AnyType {
  const plain: Row = {
    shape,
    versions: ALWAYS,
    nullable: undefined,
    tag: undefined,
    fallback: undefined,
    ignorable: false,
    classic: false,
  };
  return plain as AnyType;
}

function changed(type: AnyType, change: Partial<Row>): AnyType {
  return { ...type, ...change };
}

function primitive(name: PrimitiveName): AnyType {
  return row({ kind: 'primitive', name });
}

export const bool = primitive('bool') as Type<boolean>;
export const int8 = primitive('int8') as Type<number>;
export const int16 = primitive('int16') as Type<number>;
export const uint16 = primitive('uint16') as Type<number>;
export const int32 = primitive('int32') as Type<number>;
export const uint32 = primitive('uint32') as Type<number>;
/** Read as a bigint. Written from a bigint, or from a number that is a safe integer. */
export const int64 = primitive('int64') as Type<bigint, bigint | number>;
export const float64 = primitive('float64') as Type<number>;
/** 16 bytes, as text inside (see the kernel's `Uuid`). */
export const uuid = primitive('uuid') as Type<Uuid>;
/** UTF-8, at most 32767 bytes. What is not UTF-8 is read as U+FFFD. */
export const string = primitive('string') as Type<string>;
/** Read as a view over the frame. Written by reference when it is long: leave it unchanged until the frame is sent. */
export const bytes = primitive('bytes') as Type<Uint8Array>;
/** Record batches. As `bytes`, and writing takes several chunks too, which are not copied. */
export const records = primitive('records') as Type<Uint8Array, Uint8Array | readonly Uint8Array[]>;

/** Any number of elements; a count is held against the bytes that are left before memory is taken. */
export function array<T extends AnyType>(of: T): ArrayOf<T> {
  return row({ kind: 'array', of }) as ArrayOf<T>;
}

/** Fields in the order in which they stand on the wire. */
export function struct<F extends Fields>(fields: F): Struct<F> {
  return row({ kind: 'struct', fields }) as Struct<F>;
}

/** May be null in every version. */
export function nullable<T extends AnyType>(type: T): Nullable<T> {
  return changed(type, { nullable: ALWAYS }) as Nullable<T>;
}

/** May be null from this version on. */
export function nullableSince<T extends AnyType>(version: number, type: T): Nullable<T> {
  return changed(type, { nullable: [version, Infinity] }) as Nullable<T>;
}

/** May be null from the first to the last of these versions. */
export function nullableBetween<T extends AnyType>(first: number, last: number, type: T): Nullable<T> {
  return changed(type, { nullable: [first, last] }) as Nullable<T>;
}

/** Exists from this version on. */
export function since<T extends AnyType>(version: number, type: T, fallback?: Decoded<T>): Optional<T> {
  return changed(type, { versions: [version, Infinity], fallback }) as Optional<T>;
}

/** Exists up to this version, itself included. */
export function until<T extends AnyType>(version: number, type: T, fallback?: Decoded<T>): Optional<T> {
  return changed(type, { versions: [0, version], fallback }) as Optional<T>;
}

/** Exists from the first to the last of these versions. */
export function between<T extends AnyType>(first: number, last: number, type: T, fallback?: Decoded<T>): Optional<T> {
  return changed(type, { versions: [first, last], fallback }) as Optional<T>;
}

/** Exists in every version, and may be left out when writing. */
export function withDefault<T extends AnyType>(type: T, fallback: Decoded<T>): Optional<T> {
  return changed(type, { fallback }) as Optional<T>;
}

/** Lives in the tag section of its struct, and is written only when it differs from its default. */
export function tagged<T extends AnyType>(tag: number, type: T, fallback?: Decoded<T>): Optional<T> {
  return changed(type, { tag, fallback: fallback === undefined ? type.fallback : fallback }) as Optional<T>;
}

/** Is left out silently where the version has no place for it. */
export function ignorable<T extends AnyType>(type: T): T {
  return changed(type, { ignorable: true }) as T;
}

/** Keeps the classic encoding in flexible versions. */
export function classic<T extends AnyType>(type: T): T {
  return changed(type, { classic: true }) as T;
}

/** Whether the version lies in the range. */
export function inRange(version: number, range: VersionRange | undefined): boolean {
  return range !== undefined && version >= range[0] && version <= range[1];
}
