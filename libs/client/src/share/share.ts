export { ShareConsumer } from './share-consumer.js';
export {
  type AcknowledgementMode,
  type AcquireMode,
  SHARE_CONSUMER_DEFAULTS,
  type ShareConsumerOptions,
  type ShareConsumerSettings,
} from './share-options.js';
export { type AcknowledgedRange, type AcknowledgeResult, type AcknowledgeType, ShareRecord } from './share-record.js';
