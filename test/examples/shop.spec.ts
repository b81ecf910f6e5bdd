import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { Bus } from '@trunkline/nest';
import { until } from '@trunkline/testing';
import { OrderPlaced, PriceOf, Shop, ShopModule } from './shop.js';

describe('the example of the README', () => {
  it('stands there as it runs here', () => {
    const example = readFileSync(join(process.cwd(), 'test/examples/shop.ts'), 'utf8');
    expect(readFileSync(join(process.cwd(), 'README.md'), 'utf8')).toContain(example);
  });

  it('carries an event to a job and answers a question, on a broker in the process', async () => {
    const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['error'] });
    const bus = app.get(Bus);
    await bus.publish(OrderPlaced, { id: '1', email: 'ada@example.com' }, { key: '1' });
    await until('the job is done', () => app.get(Shop).sent.length === 1);
    expect(await bus.request(PriceOf, 'anvil')).toBe(5);
    await app.close();
  });
});
