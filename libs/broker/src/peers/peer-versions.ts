import { ApiError, type NodeId } from '@trunkline/kernel';
import { type AnyApi, ApiVersions, type Decoded, type Encodable } from '@trunkline/protocol';

/** Known to every release that can be in a cluster with this one. */
export const VERSIONS_ASKED = 3;

/** By this name a broker knows another node, and tells it what is for nodes only. */
export const NODE_SOFTWARE_NAME = 'trunkline-node';

export const VERSIONS_REQUEST: Encodable<(typeof ApiVersions)['request']> = {
  clientSoftwareName: NODE_SOFTWARE_NAME,
  clientSoftwareVersion: '1',
};

/** Which versions a node serves, as it said when the connection was made: neighbouring releases work together. */
export class PeerVersions {
  readonly #ranges = new Map<number, readonly [first: number, last: number]>();

  constructor(
    private readonly nodeId: NodeId,
    told: Decoded<(typeof ApiVersions)['response']>,
  ) {
    for (const { apiKey, minVersion, maxVersion } of told.apiKeys) this.#ranges.set(apiKey, [minVersion, maxVersion]);
  }

  /** The newest version of an API that both know. Throws ApiError UNSUPPORTED_VERSION when there is none. */
  of({ key, name, versions: [first, last] }: AnyApi): number {
    const range = this.#ranges.get(key);
    const version = Math.min(last, range?.[1] ?? -1);
    if (range !== undefined && version >= Math.max(first, range[0])) return version;
    const theirs = range === undefined ? 'does not serve it' : `has versions ${range[0]} to ${range[1]}`;
    const why = `${name}: this node has versions ${first} to ${last}, node ${this.nodeId} ${theirs}`;
    throw new ApiError('UNSUPPORTED_VERSION', `${why}; nodes of one cluster must run neighbouring releases`);
  }
}
