import { TrunklineError } from '@trunkline/bus';
import { EmbeddedEngine } from '../embedded-engine.js';
import type { EmbeddedClusterOptions } from '../options.js';
import { EmbeddedCluster } from './embedded-cluster.js';

/** The bus on a cluster of its own in this process: it starts with the engine and ends with it. */
export class EmbeddedClusterEngine extends EmbeddedEngine {
  readonly #started: { cluster?: EmbeddedCluster };

  constructor(options: EmbeddedClusterOptions) {
    const started: { cluster?: EmbeddedCluster } = {};
    super(options, async () => {
      const cluster = await EmbeddedCluster.start(options);
      started.cluster = cluster;
      return { host: cluster, end: () => cluster.close() };
    });
    this.#started = started;
  }

  /** The nodes, to kill and to cut off. Throws `CLOSED` before the engine was started. */
  get cluster(): EmbeddedCluster {
    const { cluster } = this.#started;
    if (cluster === undefined) throw new TrunklineError('CLOSED', 'the engine is not started: there is no cluster yet');
    return cluster;
  }
}
