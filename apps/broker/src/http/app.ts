import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Broker } from '@trunkline/broker';
import { AppModule } from './app.module.js';
import type { HttpHandler } from './http-server.js';

/** The Nest application, without a listener of its own: requests are handed to it. */
export async function startApp(broker: Broker): Promise<{ handle: HttpHandler; close(): Promise<void> }> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.over(broker), new FastifyAdapter(), {
    logger: ['error', 'warn'],
  });
  await app.init();
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.ready();
  return { handle: (request, response) => fastify.routing(request, response), close: () => app.close() };
}
