import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { BusOptions } from '@trunkline/bus';
import type { Clock, Random } from '@trunkline/kernel';

/** What `TrunklineModule.forRoot` takes: what the bus takes, with Node's clock and dice as defaults. */
export interface TrunklineModuleOptions extends Omit<BusOptions, 'clock' | 'random'> {
  /** Missing: Node's. Tests give a virtual one. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Which of several buses this is. Missing: the one that `Bus` injects. */
  readonly name?: string;
  /** How long running handlers may take to finish when the application closes. Default 10,000. */
  readonly drainMs?: number;
}

/** What stands beside the options, also where they come from a factory. */
export interface ModuleExtras {
  /** Whether every module sees the bus without importing it. Default true. */
  isGlobal?: boolean;
  /** Which of several buses this is; must be known before the factory runs. */
  name?: string;
}

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<TrunklineModuleOptions>({ moduleName: 'Trunkline' })
  .setClassMethodName('forRoot')
  .setExtras<ModuleExtras>({ isGlobal: true }, (definition) => definition)
  .build();
