// Nest's own Redis transport: an echo handler, or a client that calls it. What a Nest team has today.
import 'reflect-metadata';
import { args, rounds, say } from '../lib/measure.mjs';

const { role, port, count, warm, inFlight } = args();
const options = { transport: 1, options: { host: '127.0.0.1', port } };
const { Controller, Logger, Module } = await import('@nestjs/common');
Logger.overrideLogger(false);

if (role === 'server') {
  const { NestFactory } = await import('@nestjs/core');
  const { MessagePattern, Payload } = await import('@nestjs/microservices');
  class Echo {
    echo(value) {
      return value;
    }
  }
  Controller()(Echo);
  MessagePattern('echo')(Echo.prototype, 'echo', Object.getOwnPropertyDescriptor(Echo.prototype, 'echo'));
  Payload()(Echo.prototype, 'echo', 0);
  class App {}
  Module({ controllers: [Echo] })(App);
  const app = await NestFactory.createMicroservice(App, { ...options, logger: false });
  await app.listen();
  say('up');
} else {
  const { ClientProxyFactory } = await import('@nestjs/microservices');
  const { firstValueFrom } = await import('rxjs');
  const client = ClientProxyFactory.create(options);
  await client.connect();
  const payload = { id: 1, p: 'x'.repeat(80) };
  const one = () => firstValueFrom(client.send('echo', payload));
  await rounds(warm, inFlight, one);
  say(await rounds(count, inFlight, one));
}
