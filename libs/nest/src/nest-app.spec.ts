import 'reflect-metadata';
import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { IsEmail, IsInt, Min } from 'class-validator';
import { map } from 'rxjs';
import { memory } from '@trunkline/engine-memory';
import {
  Bus,
  Ctx,
  Headers,
  Key,
  type Message,
  Payload,
  Reject,
  Respond,
  Subscribe,
  TrunklineHealth,
  TrunklineModule,
  type TrunklineRequest,
  Work,
  call,
  dto,
  fixed,
  json,
  queue,
  topic,
} from './index.js';

class OrderPlacedEvent {
  @IsInt()
  @Min(1)
  id!: number;

  @IsEmail()
  email!: string;
}

const OrderPlaced = topic('orders.placed', dto(OrderPlacedEvent));
const SendEmail = queue('email.send', json<{ to: string }>(), { retry: { attempts: 2, backoff: fixed(1) } });
const Price = call('price.of', { request: json<{ product: string }>(), reply: json<number>(), timeoutMs: 2_000 });
const Count = call.stream('count.to', { request: json<number>(), item: json<number>(), timeoutMs: 2_000 });

/** What handlers saw, with a way to wait for more. */
class Seen {
  readonly all: unknown[] = [];
  #more: (() => void)[] = [];

  add(...what: unknown[]): void {
    this.all.push(...what);
    for (const look of this.#more.splice(0)) look();
  }

  async until(count: number): Promise<unknown[]> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#more.push(resolve));
    return this.all;
  }
}

let seen: Seen;
let app: TestingModule;
afterEach(() => app?.close());

type Provided = Parameters<typeof Test.createTestingModule>[0]['providers'];

async function start(
  providers: Provided,
  controllers: Parameters<typeof Test.createTestingModule>[0]['controllers'] = [],
) {
  seen = new Seen();
  app = await Test.createTestingModule({
    imports: [TrunklineModule.forRoot({ service: 'billing', engine: memory() })],
    providers: [...(providers ?? []), { provide: Seen, useValue: seen }],
    controllers,
  }).compile();
  await app.init();
  return app.get(Bus);
}

describe('handlers on providers and controllers', () => {
  @Injectable()
  class Billing {
    constructor(
      private readonly bus: Bus,
      private readonly log: Seen,
    ) {}

    @Subscribe(OrderPlaced)
    async onOrder(order: OrderPlacedEvent, message: Message): Promise<void> {
      this.log.add(['order', order instanceof OrderPlacedEvent, order.id, message.key]);
      await this.bus.enqueue(SendEmail, { to: order.email }, { key: order.email });
    }

    @Work(SendEmail, { concurrency: 20, order: 'key' })
    send(job: { to: string }): void {
      this.log.add(['mail', job.to]);
    }
  }

  @Controller()
  class Prices {
    @Respond(Price)
    price({ product }: { product: string }): number {
      return product.length;
    }

    @Respond(Count)
    async *count(to: number): AsyncGenerator<number> {
      for (let at = 1; at <= to; at++) yield at;
    }
  }

  it('carry an event to a job, and answer calls with one value or many', async () => {
    const bus = await start([Billing], [Prices]);
    await bus.publish(OrderPlaced, { id: 7, email: 'ada@example.com' }, { key: 'k' });
    expect(await seen.until(2)).toEqual([
      ['order', true, 7, 'k'],
      ['mail', 'ada@example.com'],
    ]);
    expect(await bus.request(Price, { product: 'anvil' })).toBe(5);
    const counted: number[] = [];
    for await (const item of bus.requestStream(Count, 4)) counted.push(item);
    expect(counted).toEqual([1, 2, 3, 4]);
  });

  it('are ready when the application is, and say so', async () => {
    await start([Billing], [Prices]);
    const health = app.get(TrunklineHealth);
    expect(health.ready).toBe(true);
    expect(await health.check()).toMatchObject({ trunkline: { status: 'up' } });
    await app.close();
    await expect(health.check('bus')).rejects.toMatchObject({ causes: { bus: { status: 'down' } } });
  });

  it('finish what they do when the application closes', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    @Injectable()
    class Slow {
      constructor(private readonly log: Seen) {}
      @Work(SendEmail)
      async send(job: { to: string }): Promise<void> {
        this.log.add('begun');
        await held;
        this.log.add(job.to);
      }
    }
    const bus = await start([Slow]);
    await bus.enqueue(SendEmail, { to: 'x' });
    await seen.until(1);
    const closing = app.close();
    release();
    await closing;
    expect(seen.all).toEqual(['begun', 'x']);
  });
});

describe('parameter decorators', () => {
  it('give the payload, the key, headers and the message', async () => {
    @Injectable()
    class Decorated {
      constructor(private readonly log: Seen) {}
      @Work(SendEmail)
      send(
        @Payload() job: { to: string },
        @Key() key: string,
        @Headers('x-tenant') tenant: string,
        @Ctx() message: Message,
      ): void {
        this.log.add([job.to, key, tenant, message.channel, message.attempt]);
      }
    }
    const bus = await start([Decorated]);
    await bus.enqueue(SendEmail, { to: 'a' }, { key: 'k', headers: { 'x-tenant': 't1' } });
    expect(await seen.until(1)).toEqual([['a', 'k', 't1', 'email.send', 1]]);
  });

  it('leave payload and message where they are when only one of them is decorated', async () => {
    @Injectable()
    class Mixed {
      constructor(private readonly log: Seen) {}
      @Work(SendEmail)
      send(job: { to: string }, @Key() key: string): void {
        this.log.add([job.to, key]);
      }
      @Subscribe('orders.placed')
      onOrder(@Payload() order: OrderPlacedEvent, message: Message): void {
        this.log.add([order instanceof OrderPlacedEvent, message.channel]);
      }
    }
    const bus = await start([Mixed]);
    await bus.enqueue(SendEmail, { to: 'a' }, { key: 'k' });
    await seen.until(1);
    const unchecked = topic('orders.placed', json<{ id: number; email: string }>());
    await bus.publish(unchecked, { id: 3, email: 'a@example.com' });
    expect(await seen.until(2)).toEqual([
      ['a', 'k'],
      [true, 'orders.placed'],
    ]);
  });

  it('read the class of a payload by name, and validate it', async () => {
    @Injectable()
    class ByName {
      constructor(private readonly log: Seen) {}
      @Subscribe('orders.placed')
      onOrder(order: OrderPlacedEvent): void {
        this.log.add([order instanceof OrderPlacedEvent, order.id]);
      }
    }
    const bus = await start([ByName]);
    const unchecked = topic('orders.placed', json<{ id: number; email: string }>());
    await bus.publish(unchecked, { id: 0, email: 'nobody' });
    await bus.publish(unchecked, { id: 3, email: 'a@example.com' });
    expect(await seen.until(1)).toEqual([[true, 3]]);
  });
});

describe("Nest's enhancers on handlers", () => {
  @Injectable()
  class TypeGuard implements CanActivate {
    constructor(private readonly log: Seen) {}
    canActivate(context: ExecutionContext): boolean {
      this.log.add(['guard', context.getType<string>(), context.getClass().name, context.getHandler().name]);
      return context.getArgByIndex<{ to: string }>(0).to !== 'forbidden';
    }
  }
  @Injectable()
  class Upper implements PipeTransform {
    transform(value: unknown): unknown {
      if (typeof value !== 'object' || value === null || !('to' in value)) return value;
      if (value.to === 'bad') throw new BadRequestException('to is bad');
      return { ...value, to: String(value.to).toUpperCase() };
    }
  }
  @Injectable()
  class Around implements NestInterceptor {
    constructor(private readonly log: Seen) {}
    intercept(_context: ExecutionContext, next: CallHandler) {
      this.log.add('before');
      return next.handle().pipe(map((value: unknown) => (typeof value === 'number' ? value * 10 : value)));
    }
  }
  class Known extends Error {}
  @Catch(Known)
  class KnownFilter implements ExceptionFilter {
    catch(_error: Known, host: ArgumentsHost): unknown {
      return host.getType<string>() === 'trunkline' ? 'caught' : 'wrong type';
    }
  }

  it.each(['provider', 'controller'])('run guards and pipes of a %s', async (kind) => {
    @Injectable()
    @UseGuards(TypeGuard)
    class Guarded {
      constructor(private readonly log: Seen) {}
      @Work(SendEmail)
      @UsePipes(Upper)
      send(job: { to: string }): void {
        this.log.add(job.to);
      }
    }
    Controller()(Guarded);
    const bus = kind === 'provider' ? await start([Guarded]) : await start([], [Guarded]);
    await bus.enqueue(SendEmail, { to: 'forbidden' }, { key: 'k' });
    await bus.enqueue(SendEmail, { to: 'bad' }, { key: 'k' });
    await bus.enqueue(SendEmail, { to: 'fine' }, { key: 'k' });
    const guard = ['guard', 'trunkline', 'Guarded', 'send'];
    // One attempt each: what a guard or a pipe refuses is not tried again.
    expect(await seen.until(4)).toEqual([guard, guard, guard, 'FINE']);
  });

  it('let a payload pass whose class was imported as a type only, under a pipe that forbids unknown properties', async () => {
    @Injectable()
    class TypeOnly {
      constructor(private readonly log: Seen) {}
      send(job: { to: string }): void {
        this.log.add(job.to);
      }
    }
    // What tsc writes for `import type`.
    Reflect.defineMetadata('design:paramtypes', [Function], TypeOnly.prototype, 'send');
    const descriptor = Object.getOwnPropertyDescriptor(TypeOnly.prototype, 'send')!;
    Work(SendEmail)(TypeOnly.prototype, 'send', descriptor);
    UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }))(
      TypeOnly.prototype,
      'send',
      descriptor,
    );
    const bus = await start([TypeOnly]);
    await bus.enqueue(SendEmail, { to: 'x' });
    expect(await seen.until(1)).toEqual(['x']);
  });

  it('run interceptors, and filters that turn an error into an answer', async () => {
    const Text = call('text.of', { request: json<string>(), reply: json<unknown>(), timeoutMs: 2_000 });
    @Injectable()
    @UseInterceptors(Around)
    class Answers {
      @Respond(Price)
      price({ product }: { product: string }): number {
        return product.length;
      }
      @Respond(Text)
      @UseFilters(KnownFilter)
      text(of: string): string {
        throw of === 'known' ? new Known('known') : new Reject('unknown');
      }
    }
    const bus = await start([Answers]);
    expect(await bus.request(Price, { product: 'abc' })).toBe(30);
    expect(await bus.request(Text, 'known')).toBe('caught');
    await expect(bus.request(Text, 'other')).rejects.toMatchObject({ code: 'REMOTE' });
    expect(seen.all).toContain('before');
  });

  it("tell a caller Nest's HTTP errors by name", async () => {
    @Injectable()
    class Refuses {
      @Respond(Price)
      price(): number {
        throw new BadRequestException('no such product');
      }
    }
    const bus = await start([Refuses]);
    await expect(bus.request(Price, { product: 'x' })).rejects.toMatchObject({
      remote: { code: 'BAD_REQUEST', text: 'no such product' },
    });
  });

  it.each(['provider', 'controller'])('make a request-scoped %s anew for each message', async (kind) => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerMessage {
      readonly number = ++made;
      constructor(@Inject(REQUEST) readonly request: TrunklineRequest) {}
    }
    @Injectable()
    class Scoped {
      constructor(
        private readonly per: PerMessage,
        private readonly log: Seen,
      ) {}
      @Work(SendEmail)
      send(job: { to: string }): void {
        this.log.add([this.per.number, this.per.request.payload, job.to]);
      }
    }
    Controller()(Scoped);
    const bus = kind === 'provider' ? await start([Scoped, PerMessage]) : await start([PerMessage], [Scoped]);
    await bus.enqueue(SendEmail, { to: 'a' }, { key: 'k' });
    await bus.enqueue(SendEmail, { to: 'b' }, { key: 'k' });
    expect(await seen.until(2)).toEqual([
      [1, { to: 'a' }, 'a'],
      [2, { to: 'b' }, 'b'],
    ]);
  });
});
