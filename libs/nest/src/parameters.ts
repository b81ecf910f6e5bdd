import 'reflect-metadata';
import type { Message } from '@trunkline/bus';
import type { ParamsFactory } from '@nestjs/core/helpers/external-context-creator.js';
import type { PipeTransform, Type } from '@nestjs/common';
import { PARAMETERS_METADATA } from './contract-metadata.js';

/**
 * Kinds of parameters. The payload has the number of Nest's request body, so that pipes see it as `type: 'body'` and a
 * ValidationPipe validates it; the others are unknown to Nest and are `custom` to pipes.
 */
const PAYLOAD = 3;
const KEY = 101;
const HEADERS = 102;
const CONTEXT = 103;

type Pipe = PipeTransform | Type<PipeTransform>;

/** The decoded payload. Pipes may be given, as for Nest's `@Body()`. */
export function Payload(...pipes: Pipe[]): ParameterDecorator {
  return parameter(PAYLOAD, undefined, pipes);
}

/** The message's key as text, null when it has none. */
export function Key(...pipes: Pipe[]): ParameterDecorator {
  return parameter(KEY, undefined, pipes);
}

/** A header as text (undefined when it is missing), or without a name the map of all, as bytes. */
export function Headers(name?: string, ...pipes: Pipe[]): ParameterDecorator {
  return parameter(HEADERS, name, pipes);
}

/** The message: key, headers, attempt, signal, … */
export function Ctx(...pipes: Pipe[]): ParameterDecorator {
  return parameter(CONTEXT, undefined, pipes);
}

interface ParameterMetadata {
  readonly index: number;
  readonly data: string | undefined;
  readonly pipes: readonly Pipe[];
}

function parameter(kind: number, data: string | undefined, pipes: readonly Pipe[]): ParameterDecorator {
  return (target, key, index) => {
    if (key === undefined) throw new TypeError('a parameter decorator of a handler belongs on a method');
    define(target, key, kind, { index, data, pipes });
  };
}

function define(target: object, key: string | symbol, kind: number, metadata: ParameterMetadata): void {
  const before: unknown = Reflect.getMetadata(PARAMETERS_METADATA, target.constructor, key);
  const all = { ...(typeof before === 'object' ? before : {}), [`${kind}:${metadata.index}`]: metadata };
  Reflect.defineMetadata(PARAMETERS_METADATA, all, target.constructor, key);
}

/**
 * The first two parameters are the payload and the message where no decorator says otherwise: the compiler takes them for
 * that, and one that stayed undefined because its neighbour has a decorator would be found out by a message.
 */
export function defaultParameters(target: object, key: string | symbol): void {
  const all: unknown = Reflect.getMetadata(PARAMETERS_METADATA, target.constructor, key);
  const decorated = Object.keys(typeof all === 'object' && all !== null ? all : {});
  for (const [index, kind] of [PAYLOAD, CONTEXT].entries()) {
    if (!decorated.some((name) => name.endsWith(`:${index}`)))
      define(target, key, kind, { index, data: undefined, pipes: [] });
  }
}

/** The place of the payload among a method's parameters, undefined when it takes none. */
export function payloadIndex(constructor: object, key: string): number | undefined {
  const all: unknown = Reflect.getMetadata(PARAMETERS_METADATA, constructor, key);
  const found = Object.keys(typeof all === 'object' && all !== null ? all : {}).find((name) =>
    name.startsWith(`${PAYLOAD}:`),
  );
  return found === undefined ? undefined : Number(found.slice(found.indexOf(':') + 1));
}

/** Takes a parameter's value out of what a handler is called with: the payload and the message. */
export const parametersFactory: ParamsFactory = {
  exchangeKeyForValue(kind: number, data: unknown, args: readonly [unknown, Message]): unknown {
    const [payload, message] = args;
    switch (kind) {
      case PAYLOAD:
        return payload;
      case KEY:
        return message.key;
      case HEADERS:
        return typeof data === 'string' ? message.header(data) : message.headers;
      case CONTEXT:
        return message;
      default:
        return undefined;
    }
  },
};
