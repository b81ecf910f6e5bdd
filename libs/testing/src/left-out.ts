import { describe, it } from '@jest/globals';

/** What `npm run test:engines` looks for before it begins. */
export type Needed = 'Apache Kafka' | 'kcat' | 'python3-confluent-kafka';

/**
 * Why tests that need this are left out, or undefined when they run: `npm run test:engines` says in `TRUNKLINE_MISSING`
 * what it did not find (in CI it does not begin then). Apache Kafka without Java is missing too; `version` names one of
 * several.
 */
export function whyLeftOut(needed: Needed, version?: string): string | undefined {
  const name = version === undefined ? needed : `${needed} ${version}`;
  const missing = (process.env['TRUNKLINE_MISSING'] ?? '').split(',').filter((each) => each !== '');
  if (missing.some((each) => each.startsWith(name) || name.startsWith(each))) return `${name} is missing`;
  return needed === 'Apache Kafka' && missing.includes('java') ? 'java is missing' : undefined;
}

/** `describe`; with a reason to leave it out, its tests are skipped and the reason stands in their names. */
export function describeUnless(reason: string | undefined, name: string, behaviours: () => void): void {
  if (reason === undefined) describe(name, behaviours);
  else describe.skip(`${name} (${reason})`, behaviours);
}

/** `it`; with a reason to leave it out, it is skipped and the reason stands in its name. */
export function itUnless(
  reason: string | undefined,
  name: string,
  behaves: () => Promise<void>,
  limitMs?: number,
): void {
  if (reason === undefined) it(name, behaves, limitMs);
  else it.skip(`${name} (${reason})`, behaves);
}
