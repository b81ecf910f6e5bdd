// A Nest app with the library: answers a call, hears a topic, works a queue. Says 'up', then counts the queue's jobs.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { kafka } from '@trunkline/engine-kafka';
import { Bus, Respond, Subscribe, TrunklineModule, Work } from '@trunkline/nest';
import { args, nowMs, say } from '../lib/measure.mjs';
import { Echo, Event, Job } from '../lib/contracts.mjs';

const { port, jobs, warm, concurrency } = args();
let done = 0;
let startedMs = 0;

class Handlers {
  echo(value) {
    return value;
  }
  onEvent() {}
  work() {
    if (done === warm) startedMs = nowMs();
    if (++done === jobs + warm) say({ perSecond: (jobs / (nowMs() - startedMs)) * 1e3 });
  }
}
const method = (decorator, name) =>
  decorator(Handlers.prototype, name, Object.getOwnPropertyDescriptor(Handlers.prototype, name));
Injectable()(Handlers);
method(Respond(Echo, { concurrency: 256 }), 'echo');
method(Work(Job, { concurrency, order: 'none' }), 'work');
method(Subscribe(Event), 'onEvent');

class App {}
Module({
  imports: [TrunklineModule.forRoot({ service: 'server', engine: kafka({ brokers: [`127.0.0.1:${port}`] }) })],
  providers: [Handlers],
})(App);
const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
app.get(Bus);
say('up');
