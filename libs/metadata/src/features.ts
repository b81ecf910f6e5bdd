import type { Decision, ReplicatedState } from '@trunkline/kernel';
import type { FeatureRange, MetadataRecord } from './records.js';

/**
 * Features this build can work with, as ApiVersions tells them.
 *
 * `metadata.version` 30 is 4.3-IV0, whose metadata records we write. `eligible.leader.replicas.version` 1 is KIP-966,
 * which cannot be switched off here. `group.version` and others come with the parts that fill them: a client switches to
 * a protocol by them, so none is told before it is true.
 */
export const SUPPORTED_FEATURES: readonly FeatureRange[] = [
  { name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 },
  { name: 'eligible.leader.replicas.version', minSupportedVersion: 1, maxSupportedVersion: 1 },
];

/** Levels a new cluster begins with. */
export const INITIAL_FEATURES: ReadonlyMap<string, number> = new Map([
  ['metadata.version', 30],
  ['eligible.leader.replicas.version', 1],
]);

/** The levels the cluster has agreed upon. */
export class Features implements ReplicatedState<MetadataRecord> {
  readonly #levels = new Map<string, number>();

  level(name: string): number {
    return this.#levels.get(name) ?? 0;
  }

  /** The levels in force, those included that a cluster which has none yet begins with. */
  get levels(): ReadonlyMap<string, number> {
    return new Map([...INITIAL_FEATURES, ...this.#levels]);
  }

  replay(record: MetadataRecord): void {
    if (record.kind !== 'feature-level') return;
    if (record.featureLevel === 0) this.#levels.delete(record.name);
    else this.#levels.set(record.name, record.featureLevel);
  }

  /** Sets the levels of a new cluster; nothing when they were set before. */
  initialize(): Decision<MetadataRecord, void> {
    const missing = [...INITIAL_FEATURES].filter(([name]) => !this.#levels.has(name));
    return {
      records: missing.map(([name, featureLevel]) => ({ kind: 'feature-level', name, featureLevel })),
      response: undefined,
    };
  }
}
