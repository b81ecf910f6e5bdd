import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { memory } from '@trunkline/engine-memory';
import { Bus, TrunklineModule } from '@trunkline/nest';
import { until } from '@trunkline/testing';
import { Billing, LinesOf, OrderPlaced, TotalOf } from './billing.js';

@Module({
  imports: [TrunklineModule.forRoot({ service: 'billing', engine: memory() })],
  providers: [Billing],
})
class WithoutBroker {}

describe("the example of the Nest library's README", () => {
  it('stands there as it runs here', () => {
    const example = readFileSync(join(process.cwd(), 'test/examples/billing.ts'), 'utf8');
    expect(readFileSync(join(process.cwd(), 'libs/nest/README.md'), 'utf8')).toContain(example);
  });

  it('does what it says', async () => {
    const app = await NestFactory.createApplicationContext(WithoutBroker, { logger: ['error'] });
    const [bus, billing] = [app.get(Bus), app.get(Billing)];
    await bus.publish(OrderPlaced, { id: '7', customer: 'ada@example.com' }, { key: '7' });
    await until('all is done', () => billing.log.length === 3);
    expect(billing.log.toSorted()).toEqual([
      'invoice to ada@example.com for ada@example.com',
      'orders.placed 7, attempt 1',
      'refresh 7',
    ]);
    expect(await bus.request(TotalOf, 'abc')).toBe(3);
    const lines: string[] = [];
    for await (const line of bus.requestStream(LinesOf, '7')) lines.push(line);
    expect(lines).toEqual(['7: anvil', '7: bell']);
    await app.close();
  });
});
