// One Nest app on the embedded engine: it calls itself, through a broker in the same process.
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { embedded } from '@trunkline/engine-embedded';
import { Bus, Respond, TrunklineModule } from '@trunkline/nest';
import { args, rounds, say } from '../lib/measure.mjs';
import { Echo, payload } from '../lib/contracts.mjs';

const { flush, count, warm, inFlight } = args();
const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-bench-embedded-'));

class Handlers {
  echo(value) {
    return value;
  }
}
Injectable()(Handlers);
Respond(Echo, { concurrency: 256 })(
  Handlers.prototype,
  'echo',
  Object.getOwnPropertyDescriptor(Handlers.prototype, 'echo'),
);

class App {}
Module({
  imports: [TrunklineModule.forRoot({ service: 'embedded', engine: embedded({ dataDir, set: { flush } }) })],
  providers: [Handlers],
})(App);
const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
const bus = app.get(Bus);
await rounds(warm, inFlight, () => bus.request(Echo, payload));
const result = await rounds(count, inFlight, () => bus.request(Echo, payload));
await app.close();
rmSync(dataDir, { recursive: true, force: true });
say(result);
