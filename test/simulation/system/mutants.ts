import type { Deliver, Delivery, Engine, OutgoingMessage, SubscriptionOptions } from '@trunkline/bus';
import { HEADER } from '@trunkline/bus';
import type { Clock } from '@trunkline/kernel';
import { MUTANTS, type Mutant } from '../mutants.js';

/** A system that is broken on purpose, somewhere between the disk and the handlers. */
export interface SystemMutant {
  readonly broker?: Mutant;
  /** A producer whose repetitions are new records to the broker. */
  readonly notIdempotent?: boolean;
  /** A consumer that commits what it was given before it has handled it. */
  readonly commitsFirst?: boolean;
  /** A consumer that goes on one record further when its connection was cut. */
  readonly skipsAfterReconnect?: boolean;
  /** A consumer that takes a revocation lightly: others get the partition, and it goes on with what it has. */
  readonly keepsRevoked?: boolean;
  /** What stands between a bus and its engine. */
  readonly engine?: (inner: Engine) => Engine;
  /** The clock of buses. */
  readonly clock?: (inner: Clock) => Clock;
}

/** By name: the simulation must find each. */
export const SYSTEM_MUTANTS: Readonly<Record<string, SystemMutant>> = {
  'broker: acknowledges before fdatasync': { broker: MUTANTS['ack-before-fsync']! },
  'broker: recovery drops a valid tail': { broker: MUTANTS['recovery-drops-tail']! },
  'producer: repeats with a new sequence': { notIdempotent: true },
  'consumer: commits before it handles': { commitsFirst: true },
  'consumer: goes on with what was revoked': { keepsRevoked: true },
  'fetcher: skips a record after a reconnect': { skipsAfterReconnect: true },
  'inbox: gives each reply to the oldest request': { engine: oldestFirst },
  'worker: acknowledges before it handles': { engine: acknowledgesFirst },
  'outbox: does not wait for the broker': { engine: sendsBlindly },
  'requests: no deadline': { clock: withoutTimers },
};

function changed(inner: Engine, change: Partial<Engine>): Engine {
  const { name, features, messageBytesMax } = inner;
  return {
    name,
    features,
    messageBytesMax,
    start: () => inner.start(),
    ensure: (channels) => inner.ensure(channels),
    publish: (messages) => inner.publish(messages),
    subscribe: (options, deliver) => inner.subscribe(options, deliver),
    close: () => inner.close(),
    ...change,
  };
}

function oldestFirst(inner: Engine): Engine {
  const open: Uint8Array[] = [];
  const publish = (messages: readonly OutgoingMessage[]): Promise<void> => {
    for (const { headers } of messages) {
      const id = headers.get(HEADER.correlationId);
      if (id !== undefined && headers.has(HEADER.replyTo)) open.push(id);
    }
    return inner.publish(messages);
  };
  const subscribe = (options: SubscriptionOptions, deliver: Deliver) => {
    const isInbox = options.mode.kind === 'broadcast' && options.mode.partition !== undefined;
    return inner.subscribe(options, (delivery) => deliver(isInbox ? readdressed(delivery, open.shift()) : delivery));
  };
  return changed(inner, { publish, subscribe });
}

function readdressed(delivery: Delivery, id: Uint8Array | undefined): Delivery {
  if (id === undefined) return delivery;
  return { ...delivery, headers: new Map(delivery.headers).set(HEADER.correlationId, id) };
}

function acknowledgesFirst(inner: Engine): Engine {
  return changed(inner, {
    subscribe: (options, deliver) =>
      inner.subscribe(options, async (delivery) => {
        void deliver(delivery).catch(() => {});
      }),
  });
}

function sendsBlindly(inner: Engine): Engine {
  return changed(inner, {
    publish: async (messages) => {
      void inner.publish(messages).catch(() => {});
    },
  });
}

function withoutTimers(inner: Clock): Clock {
  return {
    nowMs: () => inner.nowMs(),
    monotonicMs: () => inner.monotonicMs(),
    after: () => ({ cancel: () => {} }),
  };
}
