import type { Clock, Logger, Random } from '@trunkline/kernel';
import type { Channels } from './channels.js';
import type { Engine } from './engine.js';
import type { Interceptor, SendInterceptor } from './interceptor.js';
import type { Limits } from './limits.js';
import type { Outbox } from './outbox.js';
import type { RetryPolicy } from './retry.js';

/** What the parts of one bus share. */
export interface BusParts {
  readonly service: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly interceptors: readonly Interceptor[];
  readonly sendInterceptors: readonly SendInterceptor[];
  readonly retry: RetryPolicy;
  readonly outbox: Outbox;
  readonly channels: Channels;
  /** A name that no other process and no other call of it gets. Those of one process begin alike. */
  readonly uniqueId: () => string;
}
