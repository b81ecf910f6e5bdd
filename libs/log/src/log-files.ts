import { type Offset, offset } from '@trunkline/kernel';

const DIGITS = 20;

/** The suffixes of a segment's files, Kafka's own. */
export const SUFFIX = { log: '.log', offsets: '.index', times: '.timeindex', producers: '.snapshot' } as const;
export type Suffix = (typeof SUFFIX)[keyof typeof SUFFIX];

export const EPOCH_FILE = 'leader-epoch-checkpoint';
export const START_FILE = 'log-start-offset-checkpoint';
export const RECOVERY_FILE = 'recovery-point-offset-checkpoint';
export const IDENTITY_FILE = 'partition.metadata';
/** Half-written files carry it; nobody reads them, the next start removes them (C68). */
export const TEMPORARY = '.tmp';

/** `00000000000000000042.log` */
export function fileName(baseOffset: number, suffix: Suffix): string {
  return `${String(baseOffset).padStart(DIGITS, '0')}${suffix}`;
}

/** The offset in a file's name, or undefined when it is not of that kind. */
export function offsetOfName(name: string, suffix: Suffix): Offset | undefined {
  if (name.length !== DIGITS + suffix.length || !name.endsWith(suffix)) return undefined;
  const digits = name.slice(0, DIGITS);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(Number(digits))) return undefined;
  return offset(Number(digits));
}
