import 'reflect-metadata';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  type LoggerService,
  Scope,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  APP_GUARD,
  type ContextId,
  ContextIdFactory,
  type ContextIdStrategy,
  type HostComponentInfo,
  REQUEST,
} from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryEngine, MemoryStore, memory } from '@trunkline/engine-memory';
import { until } from '@trunkline/testing';
import {
  Bus,
  type Deliver,
  type Engine,
  Reject,
  RetryLater,
  Respond,
  type Subscription,
  type SubscriptionOptions,
  type SubscriptionStatus,
  TrunklineHealth,
  TrunklineModule,
  type TrunklineRequest,
  Work,
  call,
  fixed,
  json,
  queue,
} from './index.js';

const Job = queue('jobs.do', json<{ id: number }>(), { retry: { attempts: 3, backoff: fixed(1) } });
const Count = call.stream('count.to', { request: json<number>(), item: json<number>(), timeoutMs: 2_000 });

let app: TestingModule;
afterEach(() => app?.close());

type Metadata = Parameters<typeof Test.createTestingModule>[0];

async function start(metadata: Metadata, engine: Engine = memory(), logger?: LoggerService): Promise<Bus> {
  const builder = Test.createTestingModule({
    ...metadata,
    imports: [TrunklineModule.forRoot({ service: 'outcomes', engine }), ...(metadata.imports ?? [])],
  });
  if (logger !== undefined) builder.setLogger(logger);
  app = await builder.compile();
  await app.init();
  return app.get(Bus);
}

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (reason: Error) => reason,
  );

describe('what a handler ends with', () => {
  /** Keeps what Nest logs as errors. */
  function listening(): LoggerService & { readonly errors: unknown[] } {
    const errors: unknown[] = [];
    return { errors, log() {}, warn() {}, debug() {}, error: (message: unknown) => void errors.push(message) };
  }

  it('is logged by Nest when it is an error, and not when it is an answer', async () => {
    const tried: number[] = [];
    @Injectable()
    class Worker {
      @Work(Job)
      work({ id }: { id: number }): void {
        tried.push(id);
        if (id === 1) throw new Reject('never');
        if (id === 2 && tried.filter((each) => each === 2).length === 1) throw new RetryLater(1);
        if (id === 3) throw new TypeError('a mistake');
      }
    }
    const logger = listening();
    const bus = await start({ providers: [Worker] }, memory(), logger);
    for (const id of [1, 2, 3]) await bus.enqueue(Job, { id });
    await until('all attempts', () => tried.filter((id) => id === 3).length === 3);
    await until('the second attempt', () => tried.filter((id) => id === 2).length === 2);
    expect(tried.filter((id) => id === 1)).toEqual([1]);
    const said = logger.errors.filter((each) => each instanceof Error).map(String);
    expect(new Set(said)).toEqual(new Set(['TypeError: a mistake']));
  });

  it('is what a filter makes of it; a filter that returns nothing has not handled it', async () => {
    class Odd extends Error {}
    @Catch(Odd)
    class Silent implements ExceptionFilter {
      catch(_error: Odd, _host: ArgumentsHost): void {}
    }
    @Catch(Odd)
    class Handles implements ExceptionFilter {
      catch(_error: Odd, _host: ArgumentsHost): string {
        return 'handled';
      }
    }
    const Other = queue('jobs.other', json<number>(), { retry: { attempts: 3, backoff: fixed(1) } });
    const tried = { silent: 0, handled: 0 };
    @Injectable()
    class Worker {
      @Work(Job)
      @UseFilters(Silent)
      silent(): void {
        tried.silent += 1;
        throw new Odd();
      }
      @Work(Other)
      @UseFilters(Handles)
      handled(): void {
        tried.handled += 1;
        throw new Odd();
      }
    }
    const bus = await start({ providers: [Worker] }, memory(), listening());
    await bus.enqueue(Other, 1);
    await bus.enqueue(Job, { id: 1 });
    await until('all attempts', () => tried.silent === 3);
    expect(tried).toEqual({ silent: 3, handled: 1 });
  });

  it('reaches the caller of a stream by name, before the first item and behind it', async () => {
    @Injectable()
    class Small implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return context.getArgByIndex<number>(0) < 100;
      }
    }
    @Injectable()
    class Counter {
      @Respond(Count)
      @UseGuards(Small)
      async *count(to: number): AsyncGenerator<number> {
        yield 1;
        if (to === 2) throw new ForbiddenException('two is not for you');
      }
    }
    const bus = await start({ providers: [Counter] });
    const items: number[] = [];
    const read = async (to: number): Promise<void> => {
      for await (const item of bus.requestStream(Count, to)) items.push(item);
    };
    await read(1);
    expect(items).toEqual([1]);
    expect(await rejection(read(2))).toMatchObject({ remote: { code: 'FORBIDDEN', text: 'two is not for you' } });
    expect(items).toEqual([1, 1]);
    expect(await rejection(read(100))).toMatchObject({ remote: { code: 'FORBIDDEN' } });
    expect(items).toEqual([1, 1]);
  });
});

describe('scopes', () => {
  it('make a durable provider once a tenant, and tell it the tenant', async () => {
    const tenants = new Map<string, ContextId>();
    class ByTenant implements ContextIdStrategy<TrunklineRequest> {
      attach(contextId: ContextId, { message }: TrunklineRequest) {
        const tenant = message.header('x-tenant') ?? 'none';
        const known = tenants.get(tenant) ?? ContextIdFactory.create();
        tenants.set(tenant, known);
        return {
          resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? known : contextId),
          payload: { tenant },
        };
      }
    }
    ContextIdFactory.apply(new ByTenant());
    let made = 0;
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Database {
      readonly number = ++made;
      constructor(@Inject(REQUEST) readonly of: { readonly tenant: string }) {}
    }
    const seen: string[] = [];
    @Injectable()
    class Worker {
      constructor(private readonly database: Database) {}
      @Work(Job)
      work({ id }: { id: number }): void {
        seen.push(`${id} ${this.database.of.tenant} ${this.database.number}`);
      }
    }
    const bus = await start({ providers: [Worker, Database] });
    for (const [id, tenant] of ['a', 'b', 'a'].entries()) {
      await bus.enqueue(Job, { id }, { key: 'k', headers: { 'x-tenant': tenant } });
    }
    await until('all came', () => seen.length === 3);
    expect(seen).toEqual(['0 a 1', '1 b 2', '2 a 1']);
    ContextIdFactory.apply({ attach: (contextId) => () => contextId });
  });

  it('let global guards tell handlers from HTTP by the type of the context', async () => {
    const types: string[] = [];
    @Injectable()
    class Global implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        types.push(context.getType<string>());
        return true;
      }
    }
    const done: number[] = [];
    @Injectable()
    class Worker {
      @Work(Job)
      work({ id }: { id: number }): void {
        done.push(id);
      }
    }
    const bus = await start({ providers: [Worker, { provide: APP_GUARD, useClass: Global }] });
    await bus.enqueue(Job, { id: 1 });
    await until('done', () => done.length === 1);
    expect(types).toEqual(['trunkline']);
  });
});

describe('start and end', () => {
  it('refuse a handler of a bus that is not there', async () => {
    @Injectable()
    class Lost {
      @Work(Job, { bus: 'second' })
      work(): void {}
    }
    const reason = await rejection(start({ providers: [Lost] }));
    expect(reason.message).toMatch(
      /\[MISUSE\] Lost\.work wants the bus "second", and there is none; import TrunklineModule\.forRoot/,
    );
  });

  it('refuse a handler without a bus where every bus has a name', async () => {
    @Injectable()
    class Lost {
      @Work(Job)
      work(): void {}
    }
    const made = await Test.createTestingModule({
      imports: [TrunklineModule.forRoot({ service: 'named', name: 'only', engine: memory() })],
      providers: [Lost],
    }).compile();
    expect((await rejection(made.init())).message).toMatch(/Lost\.work wants a bus without a name, and there is none/);
    await made.close().catch(() => {});
  });

  it('refuse to start when the engine is out of reach', async () => {
    class Unreachable extends MemoryEngine {
      override start(): Promise<void> {
        return Promise.reject(new Error('nobody answers'));
      }
    }
    const reason = await rejection(start({}, new Unreachable({ store: new MemoryStore() })));
    expect(reason.message).toBe('[ENGINE_UNAVAILABLE] nobody answers');
  });

  it('are told by health, and so is a handler that went deaf between them', async () => {
    let isDeaf = false;
    class Fragile extends MemoryEngine {
      override async subscribe(options: SubscriptionOptions, deliver: Deliver): Promise<Subscription> {
        const subscription = await super.subscribe(options, deliver);
        const status = subscription.status.bind(subscription);
        subscription.status = (): SubscriptionStatus =>
          isDeaf ? { ...status(), state: 'failed', reason: 'jobs.do/0 has no leader' } : status();
        return subscription;
      }
    }
    @Injectable()
    class Worker {
      @Work(Job)
      work(): void {}
    }
    await start({ providers: [Worker] }, new Fragile({ store: new MemoryStore() }));
    const health = app.get(TrunklineHealth);
    await expect(health.check()).resolves.toMatchObject({ trunkline: { status: 'up' } });
    isDeaf = true;
    expect(health.ready).toBe(false);
    const down = await rejection(health.check());
    expect(down.message).toMatch(/trunkline: .*jobs\.do.* is failed: jobs\.do\/0 has no leader/);
    isDeaf = false;
    expect(health.ready).toBe(true);
  });

  it('wait no longer than the drain may take; what did not finish goes to another', async () => {
    const store = new MemoryStore();
    let isStuck = true;
    const begun: number[] = [];
    @Injectable()
    class Worker {
      @Work(Job)
      async work({ id }: { id: number }): Promise<void> {
        begun.push(id);
        if (isStuck) await new Promise(() => {});
      }
    }
    const open = async (): Promise<TestingModule> => {
      const engine = new MemoryEngine({ store });
      const imports = [TrunklineModule.forRoot({ service: 'drain', engine, drainMs: 50 })];
      const made = await Test.createTestingModule({ imports, providers: [Worker] }).compile();
      await made.init();
      return made;
    };
    const first = await open();
    await first.get(Bus).enqueue(Job, { id: 7 });
    await until('it has begun', () => begun.length === 1);
    await first.close();
    isStuck = false;
    app = await open();
    await until('another does it', () => begun.length === 2);
    expect(begun).toEqual([7, 7]);
  });
});
