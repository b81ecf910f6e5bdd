import { ApiVersions, UpdateFeatures } from '@trunkline/protocol';
import { KafkaError } from '../error.js';
import type { ChangeOptions } from './admin-options.js';
import type { Call } from './call.js';
import { FEATURE, lookup } from './keys.js';
import { nothing, wholeOrNone } from './numbers.js';
import type { Outcomes } from './outcome.js';
import { perform, performOne } from './perform.js';
import { toAnyone, toController } from './routes.js';
import { words } from './words.js';

export interface LevelRange {
  readonly min: number;
  readonly max: number;
}

/** Features of the cluster, by name: `transaction.version`, `group.version` ... */
export interface FeatureDescription {
  /** What is in force, agreed upon by the cluster. */
  readonly finalized: ReadonlyMap<string, LevelRange>;
  /** The epoch of `finalized`; undefined: none was told. */
  readonly finalizedEpoch: number | undefined;
  /** What the broker that answered could do. */
  readonly supported: ReadonlyMap<string, LevelRange>;
}

const UPGRADES = words('the upgrade', { upgrade: 1, safe_downgrade: 2, unsafe_downgrade: 3 });

export interface FeatureUpdate {
  readonly feature: string;
  /** The level from now on; 0 turns the feature off, which is a downgrade. */
  readonly level: number;
  /** `unsafe_downgrade`: also when metadata is lost; `upgrade`. */
  readonly kind?: (typeof UPGRADES.all)[number];
}

/** The software by which the connection is known; ApiVersions wants a name that a broker may show. */
const SOFTWARE = { clientSoftwareName: 'trunkline', clientSoftwareVersion: 'admin' };
const WITH_FEATURES = 3;

export function describeFeatures(call: Call): Promise<FeatureDescription> {
  return performOne(call, 'features', toAnyone, async (target) => {
    const { body } = await call.ask(target, ApiVersions, SOFTWARE, { versionMin: WITH_FEATURES });
    KafkaError.check(body.errorCode, 'features');
    return {
      finalized: new Map(
        body.finalizedFeatures.map(({ name, minVersionLevel, maxVersionLevel }) => [
          name,
          { min: minVersionLevel, max: maxVersionLevel },
        ]),
      ),
      finalizedEpoch: wholeOrNone(body.finalizedFeaturesEpoch, 'the epoch of features'),
      supported: new Map(
        body.supportedFeatures.map(({ name, minVersion, maxVersion }) => [name, { min: minVersion, max: maxVersion }]),
      ),
    };
  });
}

const KINDS = 1;

/** All or none: from version 2 on brokers have one answer for all. */
export function updateFeatures(
  call: Call,
  updates: readonly FeatureUpdate[],
  options: ChangeOptions,
): Promise<Outcomes<string, void>> {
  const { validateOnly = false } = options;
  const updateOf = lookup(FEATURE_OF, updates, (update) => update);
  const needsKinds = validateOnly || updates.some(({ kind }) => kind === 'unsafe_downgrade');
  return perform<string, void>(call, {
    kind: FEATURE,
    keys: updates.map(({ feature }) => feature),
    route: toController(call),
    ask: async ({ target, keys }, rounds) => {
      const { version, body } = await call.ask(
        target,
        UpdateFeatures,
        (agreed) => ({
          timeoutMs: call.answerMs,
          featureUpdates: keys.map((feature) => {
            const { level, kind = 'upgrade' } = updateOf({ feature });
            const how =
              agreed < KINDS ? { allowDowngrade: kind !== 'upgrade' } : { upgradeType: UPGRADES.numberOf(kind) };
            return { feature, maxVersionLevel: level, ...how };
          }),
          ...(agreed >= KINDS && { validateOnly }),
        }),
        { versionMin: needsKinds ? KINDS : 0 },
      );
      const refused = KafkaError.ofCode(
        body.errorCode,
        keys.map((feature) => FEATURE.text(feature)).join(', '),
        body.errorMessage,
      );
      for (const feature of keys) {
        const told = body.results.find((result) => result.feature === feature);
        if (told !== undefined && version < 2) rounds.answer(feature, told.errorCode, told.errorMessage, nothing);
        else if (refused !== undefined) rounds.refuse(feature, refused);
        else rounds.answer(feature, 0, null, nothing);
      }
    },
  });
}

const FEATURE_OF = {
  id: ({ feature }: { readonly feature: string }) => feature,
  text: ({ feature }: { readonly feature: string }) => FEATURE.text(feature),
};
