import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { endWithParent, startFailure } from '@trunkline/platform';
import { AppModule } from './app.module.js';
import { emailConfig } from './config.js';

/** How long closing may take once the demo that started us is gone, ms. */
const ORPHAN_MS_MAX = 10_000;

if (process.env['TRUNKLINE_ENDS_WITH_PARENT'] === 'true') endWithParent(ORPHAN_MS_MAX);

async function start(): Promise<void> {
  const config = emailConfig(process.env);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), new FastifyAdapter(), {
    logger: ['warn', 'error', 'fatal'],
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  app.enableShutdownHooks();
  const document = new DocumentBuilder()
    .setTitle('Trunkline email service')
    .setDescription('Orders in, e-mails out: POST /orders, an event, a queue of jobs, SMTP.')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document));
  await app.listen(config.port, config.host);
  process.stdout.write(`ready ${(await app.getUrl()).replace('[::1]', 'localhost')}\n`);
}

start().catch((reason: unknown) => {
  process.stderr.write(`email service: ${startFailure(reason, 'EMAIL_PORT')}\n`);
  process.exit(1);
});
