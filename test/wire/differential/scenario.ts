import type { AnyApi } from '@trunkline/protocol';
import type { Conversation } from './conversation.js';

/** A small program that asks a broker things, in order. It runs once on each broker. */
export interface Scenario {
  readonly name: string;
  readonly run: (on: Conversation) => Promise<void>;
  /** Set where ours is meant to answer otherwise: why. Such a scenario must differ, or the decision is out of date. */
  readonly decided?: string;
}

/** Gathers scenarios of one family. */
export function scenarios(family: string, made: Readonly<Record<string, Scenario['run']>>): Scenario[] {
  return Object.entries(made).map(([name, run]) => ({ name: `${family}: ${name}`, run }));
}

/** A scenario that differs on purpose. */
export function decided(scenario: Scenario, reason: string): Scenario {
  return { ...scenario, decided: reason };
}

/** One scenario a version, for every version from `min` to `max` of an API. */
export function everyVersion(
  family: string,
  api: AnyApi,
  [min, max]: readonly [number, number],
  name: string,
  run: (on: Conversation, version: number) => Promise<void>,
): Scenario[] {
  return Array.from({ length: max - min + 1 }, (_, index) => {
    const version = min + index;
    return { name: `${family}: ${api.name} v${version} ${name}`, run: (on: Conversation) => run(on, version) };
  });
}
