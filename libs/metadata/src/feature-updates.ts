import { ApiError, type Decision } from '@trunkline/kernel';
import type { Brokers } from './brokers.js';
import { SUPPORTED_FEATURES, type Features } from './features.js';
import type { MetadataRecord } from './records.js';

/** Another level for a feature (KIP-584). */
export interface FeatureUpdate {
  readonly feature: string;
  /** 0: the feature ends. */
  readonly level: number;
  /** What the caller allows: a level below the present one may lose what the feature kept. */
  readonly kind: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade';
}

const METADATA_VERSION = 'metadata.version';

/**
 * Changes the levels of features: all of them, or none. Throws INVALID_UPDATE_VERSION, in a sentence, for a level that some
 * node cannot work with, or that goes down without leave; INVALID_REQUEST for a feature that is named twice.
 */
export function updateFeatures(
  features: Features,
  brokers: Brokers,
  updates: readonly FeatureUpdate[],
): Decision<MetadataRecord, void> {
  const named = new Set<string>();
  const records = updates.flatMap((update): readonly MetadataRecord[] => {
    const { feature, level } = update;
    if (named.has(feature)) throw new ApiError('INVALID_REQUEST', `The feature ${feature} is named twice`);
    named.add(feature);
    const now = features.level(feature);
    refuseLevel(update, now);
    refuseUnable(update, brokers);
    return level === now ? [] : [{ kind: 'feature-level', name: feature, featureLevel: level }];
  });
  return { records, response: undefined };
}

function refuseLevel({ feature, level, kind }: FeatureUpdate, now: number): void {
  const refuse = (why: string): ApiError => new ApiError('INVALID_UPDATE_VERSION', `Feature ${feature}: ${why}`);
  if (level < 0) throw refuse(`the level is ${level}, and may not be below 0`);
  if (level < now && kind === 'upgrade') {
    throw refuse(`level ${level} is below the present one, ${now}; that needs a downgrade, safe or unsafe`);
  }
  if (level > now && kind !== 'upgrade') {
    throw refuse(`level ${level} is above the present one, ${now}; that needs an upgrade`);
  }
  if (level < now && feature === METADATA_VERSION) {
    throw refuse(`it stays at ${now}: the metadata of this cluster is written in its form`);
  }
}

/** Every node must be able to work with the level: this one, and every broker that is registered. */
function refuseUnable({ feature, level }: FeatureUpdate, brokers: Brokers): void {
  const nodes = [
    { who: 'the controller', features: SUPPORTED_FEATURES },
    ...[...brokers].map(({ id, features }) => ({ who: `broker ${id}`, features })),
  ];
  for (const { who, features } of nodes) {
    const range = features.find(({ name }) => name === feature);
    const [least, most] = [range?.minSupportedVersion ?? 0, range?.maxSupportedVersion ?? 0];
    if (level >= least && level <= most) continue;
    const able = range === undefined ? 'does not know it' : `works with ${least} to ${most}`;
    throw new ApiError('INVALID_UPDATE_VERSION', `Feature ${feature} cannot be at level ${level}: ${who} ${able}`);
  }
}
