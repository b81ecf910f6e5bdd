export { Bus } from './bus.js';
export { type Codec, type PayloadIssue, bytes, invalidPayload, json, schema, text } from './codec.js';
export {
  type Call,
  type CallOptions,
  type ChannelOptions,
  type Contract,
  type Queue,
  type QueueOptions,
  type StreamCall,
  type StreamCallOptions,
  type Topic,
  type TopicOptions,
  call,
  queue,
  topic,
} from './contract.js';
export * from './dispatcher.js';
export * from './engine.js';
export * from './error.js';
export { HEADER } from './headers.js';
export {
  type Exchange,
  type HandlerKind,
  type Interceptor,
  type Next,
  type SendExchange,
  type SendInterceptor,
  type SendKind,
  type SendNext,
  compose,
  timeout,
} from './interceptor.js';
export { type Claim, type DedupeStore, MemoryDedupeStore, idempotent } from './interceptors/idempotent.js';
export { type LimitOptions, type Limits, DEFAULT_LIMITS } from './limits.js';
export { type Message, headerText } from './message.js';
export * from './options.js';
export { type Backoff, type RetryPolicy, ATTEMPTS_MAX, DEFAULT_RETRY, exponential, fixed } from './retry.js';
export type { BusVerbs } from './verbs.js';
