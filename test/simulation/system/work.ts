import type { SimNetwork } from '@trunkline/testing';
import type { SimClient, SimNode } from '../node.js';
import type { SimWorld } from '../world.js';
import type { SimHost } from './host.js';
import type { SystemMutant } from './mutants.js';

/** What a system consists of, beside its work. */
export interface SystemParts {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly node: SimNode;
  readonly mutant: SystemMutant;
}

/** Some processes that have to do with each other, and what must hold of what they were told. */
export interface Work {
  readonly hosts: readonly SimHost[];
  readonly acknowledgedCount: number;
  readonly handledCount: number;
  begin(): Promise<void>;
  /** Does something, or lets somebody come, go or crash; waits for nothing. */
  act(): void;
  /** Looks at what the broker tells everybody. */
  look(): void;
  /** Nothing fails any more: whoever is needed is there. */
  calm(): void;
  /** What is still to happen once nothing fails any more; asks for what would make it happen. */
  open(): string[];
  /** Everything that is left, against everything that anybody was told. */
  check(client: SimClient): Promise<void>;
  takeFaults(): string[];
  /** Every process ends. */
  end(): void;
}
