import { ContextIdFactory, type ModulesContainer } from '@nestjs/core';
import type { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import type { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { Injector } from '@nestjs/core/internal';
import { CallFailed, type Message, Reject, RetryLater } from '@trunkline/bus';
import { isObservable, lastValueFrom } from 'rxjs';
import { PARAMETERS_METADATA } from './contract-metadata.js';
import { outcomeOf } from './errors.js';
import type { FoundHandler } from './explorer.js';
import { parametersFactory } from './parameters.js';

/** `ExecutionContext.getType()` of handlers. */
export const CONTEXT_TYPE = 'trunkline';

/** What request-scoped providers get when they inject Nest's `REQUEST`. */
export interface TrunklineRequest {
  readonly payload: unknown;
  readonly message: Message;
}

type Run = (payload: unknown, message: Message) => Promise<unknown>;
type Method = (...args: unknown[]) => unknown;

/** Runs handler methods through Nest's guards, pipes, interceptors and filters, request scope included. */
export class HandlerRunner {
  readonly #contexts: ExternalContextCreator;
  readonly #injector = new Injector();

  constructor(contexts: ExternalContextCreator, modules: ModulesContainer) {
    // Nest looks for the module of an external handler among providers only; a controller's class guards would not be found.
    this.#contexts = Object.assign(Object.create(contexts) as ExternalContextCreator, {
      getContextModuleKey: (type: Parameters<ExternalContextCreator['getContextModuleKey']>[0]): string => {
        if (type === undefined) return '';
        for (const [key, module] of modules.entries()) {
          if (module.hasProvider(type) || module.controllers.has(type)) return key;
        }
        return '';
      },
      filtersContextCreator: quietAboutOutcomes(contexts),
    });
  }

  /** The handler as a function of payload and message. `isCall` decides how Nest's HTTP errors are told to a caller. */
  runner(handler: FoundHandler, isCall: boolean): Run {
    const run = handler.wrapper.isDependencyTreeStatic() ? this.#static(handler) : this.#scoped(handler);
    return async (payload, message) => {
      try {
        const result = await run(payload, message);
        return isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result;
      } catch (reason) {
        throw outcomeOf(reason, isCall);
      }
    };
  }

  #static({ wrapper, methodName }: FoundHandler): Run {
    const { instance } = wrapper;
    const callback = Reflect.get(instance, methodName) as Method;
    return this.#contexts.create(
      instance,
      callback,
      methodName,
      PARAMETERS_METADATA,
      parametersFactory,
      undefined,
      wrapper.id,
      undefined,
      CONTEXT_TYPE,
    );
  }

  /** A new instance of the handler's class, and of all it injects by request, for each message. */
  #scoped({ wrapper, methodName }: FoundHandler): Run {
    const { host } = wrapper;
    if (host === undefined) throw new Error(`${String(wrapper.name)} belongs to no module`);
    const collection = host.controllers.has(wrapper.token) ? host.controllers : host.providers;
    const isDurable = wrapper.isDependencyTreeDurable();
    return async (payload, message) => {
      const request: TrunklineRequest = { payload, message };
      const contextId = ContextIdFactory.getByRequest(request);
      const parent: unknown = contextId.payload;
      const provided = isDurable ? parent : Object.assign(request, parent);
      this.#contexts.registerRequestProvider(provided, contextId);
      const instance: object = await this.#injector.loadPerContext(wrapper.instance, host, collection, contextId);
      const callback = Reflect.get(instance, methodName) as Method;
      const run = this.#contexts.create(
        instance,
        callback,
        methodName,
        PARAMETERS_METADATA,
        parametersFactory,
        contextId,
        wrapper.id,
        undefined,
        CONTEXT_TYPE,
      );
      return run(payload, message);
    };
  }
}

type FiltersContext = Pick<ExternalExceptionFilterContext, 'create'>;

/**
 * Nest logs what no filter handled, with its stack, before it throws on. `Reject`, `RetryLater` and `CallFailed` are
 * answers, not errors: they are thrown on without a line.
 */
function quietAboutOutcomes(contexts: ExternalContextCreator): FiltersContext {
  const inner: unknown = Reflect.get(contexts, 'filtersContextCreator');
  const made = inner as ExternalExceptionFilterContext;
  return {
    create: (...args) => {
      const handler = made.create(...args);
      const loud = handler.next.bind(handler);
      handler.next = (reason, host) => {
        if (!isOutcome(reason)) return loud(reason, host);
        const handled: unknown = handler.invokeCustomFilters(reason, host);
        if (handled === undefined) throw reason;
        return handled as ReturnType<typeof loud>;
      };
      return handler;
    },
  };
}

function isOutcome(reason: Error): boolean {
  return reason instanceof Reject || reason instanceof RetryLater || reason instanceof CallFailed;
}
