import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { embedded } from '@trunkline/engine-embedded';
import {
  Bus,
  Respond,
  Subscribe,
  TrunklineHealth,
  TrunklineModule,
  Work,
  call,
  dto,
  json,
  queue,
  topic,
} from '@trunkline/nest';
import { until } from '@trunkline/testing';
import { IsInt } from 'class-validator';

class OrderPlaced {
  @IsInt()
  id!: number;
}
const Placed = topic('orders.placed', dto(OrderPlaced));
const SendEmail = queue('email.send', json<{ order: number }>());
const Square = call('square.of', { request: json<number>(), reply: json<number>() });
const Count = call.stream('count.to', { request: json<number>(), item: json<number>() });

const sent: number[] = [];

@Injectable()
class Shop {
  constructor(private readonly bus: Bus) {}

  @Subscribe(Placed)
  async placed({ id }: OrderPlaced): Promise<void> {
    await this.bus.enqueue(SendEmail, { order: await this.bus.request(Square, id) }, { key: String(id) });
  }

  @Work(SendEmail, { concurrency: 4 })
  send({ order }: { order: number }): void {
    sent.push(order);
  }

  @Respond(Square)
  square(of: number): number {
    return of * of;
  }

  @Respond(Count)
  async *count(to: number): AsyncGenerator<number> {
    for (let at = 1; at <= to; at++) yield at;
  }
}

let app: TestingModule | undefined;
afterEach(() => app?.close());

describe('a Nest application on the embedded broker', () => {
  it('publishes, works, asks and streams through the product itself', async () => {
    app = await Test.createTestingModule({
      imports: [TrunklineModule.forRoot({ service: 'shop', engine: embedded({ memory: true }) })],
      providers: [Shop],
    }).compile();
    await app.init();
    const bus = app.get(Bus);
    expect(app.get(TrunklineHealth).ready).toBe(true);
    for (const id of [1, 2, 3, 4]) await bus.publish(Placed, { id }, { key: String(id) });
    await until('all e-mails', () => sent.length === 4);
    expect(sent.toSorted((left, right) => left - right)).toEqual([1, 4, 9, 16]);
    const items: number[] = [];
    for await (const item of bus.requestStream(Count, 100)) items.push(item);
    expect(items).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});
