import { type AnyApi, ApiVersions, type Decoded, errorCode } from '@trunkline/protocol';

/** Which versions a broker speaks, and which features its cluster has turned on. */
export class BrokerVersions {
  readonly #ranges = new Map<number, readonly [first: number, last: number]>();
  /** The level of each finalized feature (`transaction.version`, `group.version`, `share.version`, …; KIP-584). */
  readonly features: ReadonlyMap<string, number>;

  constructor(answer: Decoded<(typeof ApiVersions)['response']>) {
    for (const { apiKey, minVersion, maxVersion } of answer.apiKeys) this.#ranges.set(apiKey, [minVersion, maxVersion]);
    this.features = new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
  }

  rangeOf(api: AnyApi): readonly [first: number, last: number] | undefined {
    return this.#ranges.get(api.key);
  }

  /** The latest version that both sides know within the bounds; undefined when there is none. */
  pick(api: AnyApi, versionMin: number, versionMax: number): number | undefined {
    const range = this.#ranges.get(api.key);
    if (range === undefined) return undefined;
    const version = Math.min(range[1], api.versions[1], versionMax);
    return version >= Math.max(range[0], api.versions[0], versionMin) ? version : undefined;
  }
}

/** What to do after an answer to ApiVersions: done, or ask again in an earlier version (KIP-511). */
export function afterApiVersions(
  asked: number,
  answer: Decoded<(typeof ApiVersions)['response']>,
): { readonly versions: BrokerVersions } | { readonly askIn: number } | { readonly errorCode: number } {
  if (answer.errorCode === 0) return { versions: new BrokerVersions(answer) };
  if (answer.errorCode !== errorCode('UNSUPPORTED_VERSION') || asked === 0) return { errorCode: answer.errorCode };
  const told = answer.apiKeys.find(({ apiKey }) => apiKey === ApiVersions.key);
  const version = told === undefined ? 0 : Math.min(told.maxVersion, asked - 1);
  return { askIn: Math.max(0, version) };
}
