import { type StaticBrokerConfig, withBrokerFacts } from '@trunkline/metadata';
import type { BrokerConfig } from '../config.js';
import type { Parts } from '../parts.js';

const told = new WeakMap<BrokerConfig, StaticBrokerConfig>();

/** What this broker was started with, as it tells it; the same object each time, so that answers can be remembered. */
export function ownConfig({ config, metadata }: Parts): StaticBrokerConfig {
  const known = told.get(config);
  if (known !== undefined) return known;
  const made = withBrokerFacts(config.statics, metadata.image.brokers.get(config.nodeId));
  told.set(config, made);
  return made;
}
