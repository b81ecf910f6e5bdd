// The other side of library-server.mjs: calls, or jobs. `deliver` publishes and hears its own events.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { kafka } from '@trunkline/engine-kafka';
import { Bus, Subscribe, TrunklineModule } from '@trunkline/nest';
import { args, nowMs, rounds, say } from '../lib/measure.mjs';
import { Echo, Event, Job, payload } from '../lib/contracts.mjs';

const { port, what, count, warm, inFlight } = args();
const waiting = new Map();

class Ears {
  hear({ id }) {
    waiting.get(id)?.();
    waiting.delete(id);
  }
}
Injectable()(Ears);
Subscribe(Event)(Ears.prototype, 'hear', Object.getOwnPropertyDescriptor(Ears.prototype, 'hear'));

class App {}
Module({
  imports: [TrunklineModule.forRoot({ service: 'client', engine: kafka({ brokers: [`127.0.0.1:${port}`] }) })],
  providers: what === 'deliver' ? [Ears] : [],
})(App);
const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
const bus = app.get(Bus);

let ids = 0;
const one = {
  call: () => bus.request(Echo, payload),
  deliver: () => {
    const id = ids++;
    const heard = new Promise((resolve) => waiting.set(id, resolve));
    return Promise.all([bus.publish(Event, { ...payload, id }), heard]);
  },
  jobs: () => bus.enqueue(Job, payload),
}[what];

await rounds(warm, inFlight, one);
const startedMs = nowMs();
const cpu = process.cpuUsage();
const result = await rounds(count, inFlight, one);
const { user, system } = process.cpuUsage(cpu);
say({ ...result, cpuUs: (user + system) / count, ms: nowMs() - startedMs });
