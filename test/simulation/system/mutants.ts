import type { Engine } from '@trunkline/bus';
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
  /** What stands between a bus and its engine. */
  readonly engine?: (inner: Engine) => Engine;
}

/** By name: the simulation must find each. */
export const SYSTEM_MUTANTS: Readonly<Record<string, SystemMutant>> = {
  'broker: acknowledges before fdatasync': { broker: MUTANTS['ack-before-fsync']! },
  'broker: recovery drops a valid tail': { broker: MUTANTS['recovery-drops-tail']! },
  'producer: repeats with a new sequence': { notIdempotent: true },
  'consumer: commits before it handles': { commitsFirst: true },
  'fetcher: skips a record after a reconnect': { skipsAfterReconnect: true },
};
