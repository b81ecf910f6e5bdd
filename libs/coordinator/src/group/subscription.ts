import { ApiError } from '@trunkline/kernel';
import { ConsumerProtocolSubscription, Reader } from '@trunkline/protocol';

/** The protocol type of consumers. Only theirs is looked into, and only to know which topics they subscribe to. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/**
 * The topics of a consumer's subscription, or undefined when the bytes are none.
 *
 * Reads version 0's fields, which begin every later version; what follows is not looked at. Never throws.
 */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | undefined {
  try {
    const reader = new Reader(metadata, 'subscription');
    if (reader.int16() < 0) return undefined;
    return ConsumerProtocolSubscription.read(reader, 0).topics;
  } catch (reason) {
    if (reason instanceof ApiError) return undefined;
    throw reason;
  }
}

/** The topics of all subscriptions together, or undefined when one of them cannot be read. */
export function unionOfTopics(subscriptions: Iterable<Uint8Array>): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const subscription of subscriptions) {
    const topics = subscribedTopics(subscription);
    if (topics === undefined) return undefined;
    for (const topic of topics) all.add(topic);
  }
  return all;
}
