import { ApiError } from '@trunkline/kernel';
import type { FeatureUpdate } from '@trunkline/metadata';
import { UpdateFeatures, type UpdateFeaturesRequest } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { inTime } from './in-time.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

/** By Kafka's numbers; 0 is unknown. */
const KINDS: readonly (FeatureUpdate['kind'] | undefined)[] = [
  undefined,
  'upgrade',
  'safe-downgrade',
  'unsafe-downgrade',
];
/** From here on the kind of a change is told; before, only whether it may go down. */
const TELLS_KIND_FROM = 1;
/** From here on there is one result for all features. */
const ONE_RESULT_FROM = 2;

/** UpdateFeatures (57), v0 to v2: raises or lowers features, all or none (KIP-584). `validate_only` from v1 on. */
export const updateFeatures = handler<typeof UpdateFeatures>({
  api: UpdateFeatures,
  handle: async ({ featureUpdates, validateOnly, timeoutMs }, { metadata, clock }, { apiVersion }) => {
    refuseLarge(featureUpdates.length, CHANGED_MAX);
    const updates = featureUpdates.map((update) => updateOf(update, apiVersion));
    const work = metadata.submit((controller) => controller.updateFeatures(updates, { validateOnly }));
    await inTime(clock, timeoutMs, work);
    return { throttleTimeMs: 0, ...adminError(undefined), results: resultsOf(featureUpdates, undefined, apiVersion) };
  },
  failed: ({ featureUpdates }, error, { apiVersion }) => ({
    throttleTimeMs: 0,
    ...adminError(error),
    results: resultsOf(featureUpdates, error, apiVersion),
  }),
});

function updateOf(update: UpdateFeaturesRequest['featureUpdates'][number], apiVersion: number): FeatureUpdate {
  const { feature, maxVersionLevel, allowDowngrade, upgradeType } = update;
  const old = allowDowngrade ? 'safe-downgrade' : 'upgrade';
  const kind = apiVersion >= TELLS_KIND_FROM ? KINDS[upgradeType] : old;
  if (kind === undefined) throw new ApiError('INVALID_REQUEST', `Feature ${feature}: there is no kind ${upgradeType}`);
  return { feature, level: maxVersionLevel, kind };
}

function resultsOf(
  updates: UpdateFeaturesRequest['featureUpdates'],
  error: ApiError | undefined,
  apiVersion: number,
): readonly { readonly feature: string; readonly errorCode: number; readonly errorMessage: string | null }[] {
  if (apiVersion >= ONE_RESULT_FROM) return [];
  return updates.map(({ feature }) => ({ feature, ...adminError(error) }));
}
