import { describe, expect, it } from '@jest/globals';
import type { Link } from '@trunkline/kernel';
import { inProcessLinks } from './in-process-link.js';

class Owner {
  readonly got: Uint8Array[] = [];
  drains = 0;
  readonly ends: (Error | undefined)[] = [];

  constructor(readonly link: Link) {
    link.open({
      data: (bytes) => void this.got.push(bytes),
      drained: () => void (this.drains += 1),
      closed: (reason) => void this.ends.push(reason),
    });
  }
  get text(): string {
    return this.got.map((bytes) => new TextDecoder().decode(bytes)).join('');
  }
  say(text: string): Uint8Array {
    const bytes = new TextEncoder().encode(text);
    this.link.write([bytes]);
    return bytes;
  }
}

const pair = (): [Owner, Owner] => {
  const [client, server] = inProcessLinks('client', 'server', setImmediate);
  return [new Owner(client), new Owner(server)];
};
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a link inside the process', () => {
  it('carries bytes both ways, later, copied, and tells who is there', async () => {
    const [client, server] = pair();
    const mine = client.say('hello ');
    client.say('server');
    server.say('hello client');
    expect([server.text, client.link.pendingBytes]).toEqual(['', 12]);
    await turns();
    mine.fill(0);
    expect([server.text, client.text]).toEqual(['hello server', 'hello client']);
    expect([client.link.pendingBytes, client.drains, server.drains]).toEqual([0, 1, 1]);
    expect([client.link.remote, server.link.remote]).toEqual(['server', 'client']);
  });

  it('lets the sender wait while the receiver is paused', async () => {
    const [client, server] = pair();
    server.link.pause();
    client.say('wait');
    await turns();
    expect([server.text, client.link.pendingBytes, client.drains]).toEqual(['', 4, 0]);
    server.link.resume();
    await turns();
    expect([server.text, client.link.pendingBytes, client.drains]).toEqual(['wait', 0, 1]);
  });

  it('hands over what was written before its end, and tells both sides once', async () => {
    const [client, server] = pair();
    client.say('last words');
    client.link.end();
    client.say('too late');
    await turns();
    client.link.end();
    server.link.destroy();
    await turns();
    expect(server.text).toBe('last words');
    expect([client.ends, server.ends]).toEqual([[undefined], [undefined]]);
  });

  it('that is destroyed tells the other side that it was', async () => {
    const [client, server] = pair();
    client.say('lost');
    server.link.destroy();
    await turns();
    expect(server.ends).toEqual([undefined]);
    expect(client.ends).toEqual([expect.any(Error)]);
    expect(client.link.pendingBytes).toBe(0);
  });

  it('keeps what comes before it is opened', async () => {
    const [client, server] = inProcessLinks('client', 'server', setImmediate);
    const early = new Owner(client);
    early.say('early');
    await turns();
    const late = new Owner(server);
    await turns();
    expect(late.text).toBe('early');
  });
});
