import { Inject } from '@nestjs/common';
import { Bus } from '@trunkline/bus';
import { DEFAULT_BUS } from './contract-metadata.js';

/** Nest's token for a bus: the class for the one without a name, a text for the others. */
export function busToken(name: string = DEFAULT_BUS): typeof Bus | string {
  return name === DEFAULT_BUS ? Bus : `trunkline:bus:${name}`;
}

/** Injects a bus by the `name` of its module. The bus without a name needs no decorator. */
export function InjectBus(name: string = DEFAULT_BUS): ParameterDecorator & PropertyDecorator {
  return Inject(busToken(name));
}
