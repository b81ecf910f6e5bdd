import 'reflect-metadata';
import type {
  Call,
  Contract,
  Message,
  Queue,
  RespondOptions,
  StreamCall,
  SubscribeOptions,
  Topic,
  WorkOptions,
} from '@trunkline/bus';
import type { Observable } from 'rxjs';
import { type HandlerMetadata, HANDLERS_METADATA, type OnBus } from './contract-metadata.js';
import { defaultParameters } from './parameters.js';

/** What a handler may answer with: the value, a promise of it, or an Observable whose last value counts. */
export type Answer<T> = T | Promise<T> | Observable<T>;

/**
 * The methods that fit a contract: the payload first, then what the parameter decorators give, or the message.
 *
 * `never[]` lets every further parameter be of any type; the first one is checked.
 */
type Handler<Payload, Result> = (payload: Payload, ...further: never[]) => Result;
type Decorator<Payload, Result> = <Method extends Handler<Payload, Result>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Handles the messages of a topic. The group is the service: one instance of it gets each message; with
 * `broadcast: true` every instance does.
 *
 * By name, the payload's class is read from the parameter's type and validated as `dto` does. A method of the wrong
 * type does not compile.
 */
export function Subscribe<T, In>(topic: Topic<T, In>, options?: SubscribeOptions & OnBus): Decorator<T, Answer<void>>;
export function Subscribe(name: string, options?: SubscribeOptions & OnBus): Decorator<never, Answer<void>>;
export function Subscribe(contract: unknown, options: SubscribeOptions & OnBus = {}): MethodDecorator {
  const { bus, ...rest } = options;
  return marked({ verb: 'subscribe', contract: contract as Contract | string, options: rest, ...(bus && { bus }) });
}

/**
 * Does the jobs of a queue: each job is with one worker. Resolving is done, `Reject` is the dead letters, anything else
 * is tried again as the queue's retry policy says.
 */
export function Work<T, In>(queue: Queue<T, In>, options?: WorkOptions & OnBus): Decorator<T, Answer<void>>;
export function Work(name: string, options?: WorkOptions & OnBus): Decorator<never, Answer<void>>;
export function Work(contract: unknown, options: WorkOptions & OnBus = {}): MethodDecorator {
  const { bus, ...rest } = options;
  return marked({ verb: 'work', contract: contract as Contract | string, options: rest, ...(bus && { bus }) });
}

/** Items of a streamed answer. */
type Items<T> = AsyncIterable<T> | Iterable<T> | Promise<AsyncIterable<T>>;

/** Answers a call: with one value, or, for `call.stream`, with an (async) generator of items. */
export function Respond<Request, Reply, RequestIn, ReplyIn>(
  call: Call<Request, Reply, RequestIn, ReplyIn>,
  options?: RespondOptions & OnBus,
): Decorator<Request, Answer<ReplyIn>>;
export function Respond<Request, Item, RequestIn, ItemIn>(
  call: StreamCall<Request, Item, RequestIn, ItemIn>,
  options?: RespondOptions & OnBus,
): Decorator<Request, Items<ItemIn>>;
export function Respond(contract: unknown, options: RespondOptions & OnBus = {}): MethodDecorator {
  const { bus, ...rest } = options;
  return marked({ verb: 'respond', contract: contract as Contract, options: rest, ...(bus && { bus }) });
}

/** What a handler gets as its second argument when it has no parameter decorators. */
export type { Message };

function marked(metadata: HandlerMetadata): MethodDecorator {
  return (target, key, descriptor) => {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') throw new TypeError(`${String(key)}: a handler decorator belongs on a method`);
    const before = handlersOf(method);
    Reflect.defineMetadata(HANDLERS_METADATA, [...before, metadata], method);
    defaultParameters(target, key);
    untypedImports(target, key);
  };
}

/**
 * TypeScript writes `Function` for a class that was imported by `import type`. To a ValidationPipe that is a class without
 * a single allowed property, so every message would be refused; `Object` says what is known: nothing.
 */
function untypedImports(target: object, key: string | symbol): void {
  const types: unknown = Reflect.getMetadata('design:paramtypes', target, key);
  if (!Array.isArray(types)) return;
  const known = types.map((type: unknown) => (type === Function ? Object : type));
  Reflect.defineMetadata('design:paramtypes', known, target, key);
}

/** What the decorators wrote on a method; empty for any other. */
export function handlersOf(method: object): readonly HandlerMetadata[] {
  const found: unknown = Reflect.getMetadata(HANDLERS_METADATA, method);
  return Array.isArray(found) ? (found as HandlerMetadata[]) : [];
}
