import { KafkaError } from '../error.js';

/** Kafka's numbers for a closed set of words, both ways. */
export interface Words<Word extends string> {
  readonly all: readonly Word[];
  /** Throws MISUSE for a word that is none of them. */
  readonly numberOf: (word: Word) => number;
  /** `unknown` for a number that is later than this table. */
  readonly wordOf: (number: number) => Word | 'unknown';
}

export function words<const Table extends Readonly<Record<string, number>>>(
  what: string,
  table: Table,
): Words<Extract<keyof Table, string>> {
  type Word = Extract<keyof Table, string>;
  const all = Object.keys(table) as Word[];
  const byNumber = new Map(all.map((word) => [table[word]!, word]));
  return {
    all,
    numberOf: (word) => {
      if (Object.hasOwn(table, word)) return table[word]!;
      throw new KafkaError('MISUSE', `${what} is ${String(word)}; one of ${all.join(', ')} is allowed`);
    },
    wordOf: (number) => byNumber.get(number) ?? 'unknown',
  };
}
