import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { memory } from '@trunkline/engine-memory';
import { until } from '@trunkline/testing';
import { Bus, InjectBus, Respond, Subscribe, TrunklineModule, Work, call, fixed, json, queue, topic } from './index.js';

const SendEmail = queue('email.send', json<{ to: string }>(), { retry: { attempts: 2, backoff: fixed(1) } });
const Price = call('price.of', { request: json<{ product: string }>(), reply: json<number>(), timeoutMs: 2_000 });

let app: TestingModule;
afterEach(() => app?.close());

type Provided = Parameters<typeof Test.createTestingModule>[0]['providers'];

describe('the module', () => {
  const close = async (started: Promise<TestingModule>): Promise<TestingModule> => (app = await started);

  it('takes its options from a factory', async () => {
    @Module({ providers: [{ provide: 'SERVICE', useValue: 'async' }], exports: ['SERVICE'] })
    class Settings {}
    await close(
      Test.createTestingModule({
        imports: [
          TrunklineModule.forRootAsync({
            imports: [Settings],
            inject: ['SERVICE'],
            useFactory: (service: string) => ({ service, engine: memory() }),
          }),
        ],
      }).compile(),
    );
    expect(app.get(Bus).service).toBe('async');
  });

  it('keeps several buses apart by name', async () => {
    const seen: string[] = [];
    @Injectable()
    class Two {
      constructor(
        readonly first: Bus,
        @InjectBus('second') readonly second: Bus,
      ) {}
      @Work(SendEmail)
      one(job: { to: string }): void {
        seen.push(`first ${job.to}`);
      }
      @Work(SendEmail, { bus: 'second' })
      two(job: { to: string }): void {
        seen.push(`second ${job.to}`);
      }
    }
    await close(
      Test.createTestingModule({
        imports: [
          TrunklineModule.forRoot({ service: 'one', engine: memory() }),
          TrunklineModule.forRoot({ service: 'two', engine: memory(), name: 'second' }),
          TrunklineModule.forFeature([SendEmail], 'second'),
        ],
        providers: [Two],
      }).compile(),
    );
    await app.init();
    const two = app.get(Two);
    await two.second.enqueue(SendEmail, { to: 'b' });
    await two.first.enqueue(SendEmail, { to: 'a' });
    await until('both came', () => seen.length === 2);
    expect(seen.toSorted()).toEqual(['first a', 'second b']);
  });

  const failure = async (
    providers: Provided,
    imports: Parameters<typeof Test.createTestingModule>[0]['imports'] = [],
  ) => {
    const made = await Test.createTestingModule({
      imports: [TrunklineModule.forRoot({ service: 'wrong', engine: memory() }), ...imports],
      providers: providers ?? [],
    }).compile();
    return made.init().then(
      () => 'started',
      (reason: Error) => reason.message,
    );
  };

  it('refuses two responders with different contracts for one name', async () => {
    const Other = call('price.of', { request: json<string>(), reply: json<string>() });
    class Wrong {
      @Respond(Price)
      one(): number {
        return 1;
      }
      @Respond(Other)
      two(): string {
        return '2';
      }
    }
    expect(await failure([Wrong])).toMatch(/price\.of.*(registered twice|one contract).*Wrong\.two/s);
  });

  it('refuses a name that is a queue in one place and a topic in another', async () => {
    class Wrong {
      @Work(SendEmail)
      send(): void {}
    }
    const imports = [TrunklineModule.forFeature([topic('email.send', json())])];
    expect(await failure([Wrong], imports)).toMatch(
      /email\.send: is a topic in one place and a queue in another.*Wrong\.send/s,
    );
  });

  it('refuses a handler by name whose payload has no class', async () => {
    class Wrong {
      @Subscribe('orders.placed')
      onOrder(_order: { id: number }): void {}
    }
    expect(await failure([Wrong])).toContain('the payload of Wrong.onOrder must have a class as its type');
  });
});
