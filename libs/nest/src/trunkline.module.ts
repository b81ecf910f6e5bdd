import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { Bus, type BusOptions, type Contract, TrunklineError } from '@trunkline/bus';
import { nodeClock, nodeRandom, nodeVersionFault } from '@trunkline/platform';
import { HandlerBinder } from './binder.js';
import { DEFAULT_BUS } from './contract-metadata.js';
import { TrunklineHealth } from './health.js';
import {
  type ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS,
  type OPTIONS_TYPE,
  type TrunklineModuleOptions,
} from './module-options.js';
import { nestLogger } from './nest-logger.js';
import { busToken } from './tokens.js';

/**
 * Trunkline in a Nest application. Import it once with `forRoot` or `forRootAsync`, or once for each `name` of several
 * buses. `Bus` is then injectable everywhere, and `@Subscribe`, `@Work` and `@Respond` work on providers and controllers.
 *
 * The bus starts when all modules are initialised (`onApplicationBootstrap`), before the application listens; start-up
 * fails when the engine is out of reach or a handler is misused. It drains when the application closes: call
 * `app.enableShutdownHooks()`, or SIGTERM ends the process without it.
 */
@Module({})
export class TrunklineModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withBus(super.forRoot(options), options.name, options.isGlobal);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withBus(super.forRootAsync(options), options.name, options.isGlobal);
  }

  /**
   * Declares the contracts that a feature sends to: their channels are made when the application starts, and two meanings
   * of one name are found then, not with the first message. Handlers declare theirs by themselves.
   */
  static forFeature(contracts: readonly Contract[], bus: string = DEFAULT_BUS): DynamicModule {
    const declared: Provider = {
      provide: Symbol('trunkline:feature'),
      inject: [busToken(bus)],
      useFactory: (of: Bus) => {
        of.declare(contracts);
        return contracts;
      },
    };
    return { module: TrunklineFeatureModule, providers: [declared] };
  }
}

/** Where `forFeature` puts its contracts. */
@Module({})
export class TrunklineFeatureModule {}

function withBus(definition: DynamicModule, name: string = DEFAULT_BUS, isGlobal = true): DynamicModule {
  const token = busToken(name);
  const bus: Provider = { provide: token, inject: [MODULE_OPTIONS], useFactory: makeBus };
  const binder: Provider = {
    provide: HandlerBinder,
    inject: [token, MODULE_OPTIONS, DiscoveryService, MetadataScanner, ModulesContainer, ExternalContextCreator],
    useFactory: (
      of: Bus,
      options: TrunklineModuleOptions,
      discovery: DiscoveryService,
      scanner: MetadataScanner,
      modules: ModulesContainer,
      contexts: ExternalContextCreator,
    ) => new HandlerBinder(of, { ...options, name }, discovery, scanner, modules, contexts),
  };
  return {
    ...definition,
    global: isGlobal,
    imports: [...(definition.imports ?? []), DiscoveryModule],
    providers: [...(definition.providers ?? []), bus, binder, TrunklineHealth],
    exports: [...(definition.exports ?? []), token, TrunklineHealth],
  };
}

function makeBus(options: TrunklineModuleOptions): Bus {
  const fault = nodeVersionFault(); // Or the first thing that is missing fails somewhere, and says nothing of it.
  if (fault !== undefined) throw new TrunklineError('MISUSE', fault);
  const { name: _name, drainMs: _drainMs, clock = nodeClock, random = nodeRandom, ...given } = options;
  const { logger = nestLogger(), ...rest } = given;
  const all: BusOptions = { ...rest, clock, random, logger };
  return new Bus(all);
}
