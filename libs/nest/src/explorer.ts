import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/internal';
import type { HandlerMetadata } from './contract-metadata.js';
import { handlersOf } from './decorators.js';

/** A method of a provider or controller that a decorator marked as a handler. */
export interface FoundHandler {
  readonly wrapper: InstanceWrapper;
  readonly methodName: string;
  readonly metadata: HandlerMetadata;
  /** `Billing.onOrder`, for sentences. */
  readonly where: string;
}

/** Every handler, on any provider or controller of the application. */
export function exploreHandlers(discovery: DiscoveryService, scanner: MetadataScanner): FoundHandler[] {
  const found: FoundHandler[] = [];
  const seen = new Set<object>();
  for (const wrapper of [...discovery.getProviders(), ...discovery.getControllers()]) {
    const prototype = prototypeOf(wrapper);
    if (prototype === undefined || wrapper.isAlias || seen.has(wrapper.instance)) continue;
    seen.add(wrapper.instance);
    for (const methodName of scanner.getAllMethodNames(prototype)) {
      const method: unknown = Reflect.get(prototype, methodName);
      if (typeof method !== 'function') continue;
      for (const metadata of handlersOf(method)) {
        found.push({ wrapper, methodName, metadata, where: `${prototype.constructor.name}.${methodName}` });
      }
    }
  }
  return found;
}

function prototypeOf({ instance }: InstanceWrapper): object | undefined {
  if (typeof instance !== 'object' || instance === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(instance);
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}
