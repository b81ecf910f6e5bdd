import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Bus, json, topic } from '@trunkline/bus';
import { embedded } from '@trunkline/engine-embedded';
import { Subscribe, TrunklineModule } from '@trunkline/nest';

const OrderPlaced = topic('orders.placed', json<{ id: number }>());

@Injectable()
class Mails {
  readonly sent = new Set<number>();

  @Subscribe(OrderPlaced)
  placed({ id }: { id: number }): void {
    this.sent.add(id);
  }
}

const engine = embedded({ nodes: 3, memory: true });
let app: TestingModule;
beforeAll(async () => {
  const imports = [TrunklineModule.forRoot({ service: 'shop', engine })];
  app = await Test.createTestingModule({ imports, providers: [Mails] }).compile();
  await app.init();
});
afterAll(() => app.close()); // The cluster ends with the engine.

it('sends every mail, whichever broker dies', async () => {
  const { cluster } = engine;
  const bus = app.get(Bus);
  await bus.publish(OrderPlaced, { id: 1 });
  const leader = cluster.leaderOf('orders.placed') ?? 1;
  await cluster.crash(leader);
  await bus.publish(OrderPlaced, { id: 2 });
  await cluster.restart(leader);
  await cluster.whole();
  while (app.get(Mails).sent.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(app.get(Mails).sent).toEqual(new Set([1, 2]));
});
