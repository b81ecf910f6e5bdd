import type { ConfigDefinition, ConfigType, ConfigValue } from './definition.js';

/** A value that parsed, or what is wrong with it. */
export type Parsed = { readonly value: ConfigValue } | { readonly wrong: string };

const RANGES: Readonly<Partial<Record<ConfigType, readonly [bigint, bigint]>>> = {
  SHORT: [-(1n << 15n), (1n << 15n) - 1n],
  INT: [-(1n << 31n), (1n << 31n) - 1n],
  LONG: [-(1n << 63n), (1n << 63n) - 1n],
};

/**
 * Reads the text of a config value as Kafka does: surrounding blanks do not count, booleans are told in any case.
 *
 * `wrong` is the second half of a sentence that begins with the key and the value.
 */
export function parseConfig(definition: ConfigDefinition, text: string): Parsed {
  const parsed = parseType(definition.type, text);
  if ('wrong' in parsed) return parsed;
  const wrong = definition.check?.(parsed.value);
  return wrong === undefined ? parsed : { wrong };
}

/** What is wrong with a value, as a whole sentence that names key and value; undefined when nothing is. */
export function configFault(definition: ConfigDefinition, text: string): string | undefined {
  const parsed = parseConfig(definition, text);
  if (!('wrong' in parsed)) return undefined;
  const shown = definition.sensitive ? '(hidden)' : text.slice(0, 100);
  return `Invalid value ${shown} for configuration ${definition.name}: ${parsed.wrong}`;
}

/** The elements of a LIST: split at commas, trimmed; an empty text is an empty list. */
export function listOf(text: string): readonly string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
}

function parseType(type: ConfigType, text: string): Parsed {
  const trimmed = text.trim();
  switch (type) {
    case 'BOOLEAN': {
      const word = trimmed.toLowerCase();
      return word === 'true' || word === 'false' ? { value: word === 'true' } : { wrong: 'must be true or false' };
    }
    case 'SHORT':
    case 'INT':
    case 'LONG':
      return parseInteger(type, trimmed);
    case 'DOUBLE': {
      const value = Number(trimmed);
      return trimmed === '' || Number.isNaN(value) ? { wrong: 'must be a number' } : { value };
    }
    case 'LIST':
      return { value: listOf(trimmed) };
    case 'STRING':
    case 'CLASS':
    case 'PASSWORD':
      return { value: type === 'PASSWORD' ? text : trimmed };
  }
}

/** A whole number that was checked before: its text as Kafka allows it, with blanks or a plus sign. */
export function wholeOf(text: string): bigint {
  return BigInt(text.trim().replace(/^\+/, ''));
}

function parseInteger(type: 'SHORT' | 'INT' | 'LONG', text: string): Parsed {
  if (!/^[+-]?\d{1,20}$/.test(text)) return { wrong: `must be a whole number of type ${type}` };
  const value = wholeOf(text);
  const [least, most] = RANGES[type] ?? [0n, 0n];
  return value < least || value > most ? { wrong: `must be between ${least} and ${most}` } : { value };
}
