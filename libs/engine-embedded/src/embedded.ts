import { EmbeddedBroker } from './embedded-broker.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { type EmbeddedOptions, embeddedSettings } from './options.js';

/**
 * An engine with a broker of its own in this process: it starts with the engine and ends with it.
 *
 * Throws `MISUSE` for options that cannot be meant. `start` rejects with `ENGINE_UNAVAILABLE` when the directory is in
 * use by another process, or cannot be written, or the port is taken.
 */
export function embedded(options: EmbeddedOptions = {}): EmbeddedEngine {
  embeddedSettings(options);
  return new EmbeddedEngine(options, async () => {
    const broker = await EmbeddedBroker.start(options);
    return { broker, end: () => broker.close() };
  });
}
