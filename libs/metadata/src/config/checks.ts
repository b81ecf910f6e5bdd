import type { Check, ConfigValue } from './definition.js';

/** At least `least`. */
export function atLeast(least: number | bigint): Check {
  return (value) => (isNumber(value) && value < least ? `must be at least ${least}` : undefined);
}

/** From `least` to `most`, both allowed. */
export function between(least: number, most: number): Check {
  return (value) =>
    isNumber(value) && (value < least || value > most) ? `must be between ${least} and ${most}` : undefined;
}

/** One of the words, spelled exactly so. */
export function oneOf(...words: readonly string[]): Check {
  return (value) => (words.includes(String(value)) ? undefined : `must be one of ${words.join(', ')}`);
}

/** One of the words, in any case. */
export function oneOfAnyCase(...words: readonly string[]): Check {
  return (value) =>
    words.includes(String(value).toLowerCase()) ? undefined : `must be one of ${words.join(', ')}, in any case`;
}

/** A list of some of the words; a word that stands twice counts once, as in Kafka. */
export function listFrom(words: readonly string[], empty: 'may be empty' | 'not empty'): Check {
  return (value) => {
    if (!isList(value)) return 'must be a list';
    if (value.length === 0 && empty === 'not empty') return `must name at least one of ${words.join(', ')}`;
    return value.every((word) => words.includes(word)) ? undefined : `may hold only ${words.join(', ')}`;
  };
}

/** A list with at least one element, none empty, none twice. */
export const filledList: Check = (value) => {
  if (!isList(value) || value.length === 0) return 'must hold at least one element';
  return value.includes('') ? 'may not hold an empty element' : noTwins(value);
};

/** A list without empty elements and twins. */
export const plainList: Check = (value) => {
  if (!isList(value)) return 'must be a list';
  return value.includes('') ? 'may not hold an empty element' : noTwins(value);
};

/** `false`: what the config would switch on is not there. `why` says so. */
export function notYet(why: string): Check {
  return (value) => (value === true ? why : undefined);
}

/** Either of two checks lets it pass; the first one's words are told. */
export function either(first: Check, second: Check): Check {
  return (value) => (second(value) === undefined ? undefined : first(value));
}

/** Exactly this number. */
export function exactly(wanted: number): Check {
  return (value) => (isNumber(value) && Number(value) === wanted ? undefined : `must be ${wanted}`);
}

/** `[partition]:[broker]` pairs, or `*`, as throttled replicas are told. */
export const throttledReplicas: Check = (value) => {
  if (!isList(value)) return 'must be a list';
  const fits = value.every((pair) => /^\d{1,10}:\d{1,10}$/.test(pair)) || (value.length === 1 && value[0] === '*');
  return fits ? undefined : 'must be * or pairs like 0:1,1:2 (partition:broker)';
};

function noTwins(value: readonly string[]): string | undefined {
  return new Set(value).size === value.length ? undefined : 'may not hold an element twice';
}

function isNumber(value: ConfigValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isList(value: ConfigValue): value is readonly string[] {
  return Array.isArray(value);
}
