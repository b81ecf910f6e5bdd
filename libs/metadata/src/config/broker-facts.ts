import type { BrokerImage } from '../image.js';
import type { StaticBrokerConfig } from './effective.js';

/**
 * A broker's settings as it tells them: with its id and the addresses it gives its clients, also where nobody set them
 * and they came of other settings or of the ports that were free. Tools read them (10-seen, item 5), and may write them
 * back.
 */
export function withBrokerFacts(statics: StaticBrokerConfig, broker: BrokerImage | undefined): StaticBrokerConfig {
  if (broker === undefined) return statics;
  const advertised = broker.endPoints.map(({ name, host, port }) => `${name}://${host}:${port}`);
  const facts = new Map([
    ['node.id', String(broker.id)],
    ['broker.id', String(broker.id)],
    ['advertised.listeners', advertised.join()],
  ]);
  return { nodeId: broker.id, values: new Map([...facts, ...statics.values]) };
}
