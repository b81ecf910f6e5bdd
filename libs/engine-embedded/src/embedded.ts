import { EmbeddedClusterEngine } from './cluster/embedded-cluster-engine.js';
import { checkCluster } from './cluster/cluster-settings.js';
import { EmbeddedBroker } from './embedded-broker.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { type EmbeddedClusterOptions, type EmbeddedOptions, embeddedSettings } from './options.js';

/**
 * An engine with a broker of its own in this process, or with a cluster of `nodes` brokers, whose nodes can be killed and
 * cut off from each other: they start with the engine and end with it.
 *
 * Throws `MISUSE` for options that cannot be meant. `start` rejects with `ENGINE_UNAVAILABLE` when the directory is in
 * use by another process, or cannot be written, or the port is taken.
 */
export function embedded(options: EmbeddedClusterOptions): EmbeddedClusterEngine;
export function embedded(options?: EmbeddedOptions): EmbeddedEngine;
export function embedded(options: EmbeddedOptions | EmbeddedClusterOptions = {}): EmbeddedEngine {
  if ('nodes' in options) {
    checkCluster(options);
    return new EmbeddedClusterEngine(options);
  }
  embeddedSettings(options);
  return new EmbeddedEngine(options, async () => {
    const broker = await EmbeddedBroker.start(options);
    return { host: broker, end: () => broker.close() };
  });
}
