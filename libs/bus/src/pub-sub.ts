import type { Topic } from './contract.js';
import { consumingLane, groupName } from './consuming.js';
import { TrunklineError } from './error.js';
import type { Lane } from './lane.js';
import type { PublishOptions, SubscribeHandler, SubscribeOptions } from './options.js';
import { retryPolicy } from './retry.js';
import { type Sender, keyBytes } from './sender.js';

/** Publish and subscribe: each group of subscribers gets each message; in broadcast, each process. */
export class PubSub {
  constructor(readonly sender: Sender) {}

  async publish<T, In>(topic: Topic<T, In>, value: In, options: PublishOptions): Promise<void> {
    const { channels, outbox } = this.sender.parts;
    const making = channels.ready(topic);
    if (making !== undefined) await making;
    await this.sender.intercepted('publish', topic, value, options, ({ payload, headers }) => {
      const key = keyBytes(options.key);
      this.sender.addCloudEvent(headers, topic.name);
      const bytes =
        payload === null && topic.tombstones
          ? null
          : this.sender.encode(topic.codec, topic.name, payload as In, headers);
      if (bytes === null && key === undefined) {
        throw new TrunklineError('MISUSE', `${topic.name}: null deletes a key; give options.key`);
      }
      const { name: channel } = topic;
      return outbox.send(
        key === undefined ? { channel, value: bytes, headers } : { channel, key, value: bytes, headers },
      );
    });
  }

  lane<T, In>(topic: Topic<T, In>, handler: SubscribeHandler<T>, options: SubscribeOptions): Lane {
    const { parts } = this.sender;
    const broadcast = options.broadcast ?? false;
    if (broadcast && options.group !== undefined) {
      throw new TrunklineError('MISUSE', `subscribe ${topic.name}: broadcast has no group; leave one of the two out`);
    }
    const own = options.group === undefined ? parts.service : `${parts.service}.${options.group}`;
    const group = groupName(topic, broadcast ? `${parts.service}.broadcast` : own);
    return consumingLane(parts, {
      kind: 'subscribe',
      contract: topic,
      codec: topic.codec,
      tombstones: topic.tombstones,
      mode: broadcast ? { kind: 'broadcast' } : { kind: 'group', group },
      group,
      retry: retryPolicy(options.retry, parts.retry, `subscribe ${topic.name}`),
      handler,
      options,
    });
  }
}
