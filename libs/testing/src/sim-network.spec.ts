import { describe, expect, it } from '@jest/globals';
import type { Link, Network } from '@trunkline/kernel';
import { SimNetwork } from './sim-network.js';
import { SimRandom } from './sim-random.js';

const SERVER = { host: '10.0.0.1', port: 9092 };
const CONNECT_MS = 1_000;

/** A network whose events run when the test says so, in the order of their time. */
class Bench {
  readonly network: SimNetwork;
  nowUs = 0;
  #events: { atUs: number; order: number; run: () => void }[] = [];
  #order = 0;

  constructor(seed: number) {
    this.network = new SimNetwork({
      random: new SimRandom(seed),
      after: (delayUs, _label, run) => {
        const event = { atUs: this.nowUs + delayUs, order: this.#order++, run };
        this.#events.push(event);
        return { cancel: () => void (this.#events = this.#events.filter((other) => other !== event)) };
      },
    });
  }

  /** Lets time pass, and promises go on after each event. */
  async run(ms: number): Promise<void> {
    const untilUs = this.nowUs + ms * 1000;
    for (;;) {
      this.#events.sort((left, right) => left.atUs - right.atUs || left.order - right.order);
      const next = this.#events[0];
      if (next === undefined || next.atUs > untilUs) break;
      this.#events.shift();
      this.nowUs = next.atUs;
      next.run();
      await new Promise((resolve) => void setImmediate(resolve));
    }
    this.nowUs = untilUs;
  }

  async listen(): Promise<Side[]> {
    const accepted: Side[] = [];
    await this.network.of('server').listen(SERVER, (link) => void accepted.push(new Side(link)));
    return accepted;
  }

  /** What becomes of an attempt to connect. */
  connect(from: Network): { side?: Side; error?: string } {
    const attempt: { side?: Side; error?: string } = {};
    from.connect(SERVER, CONNECT_MS).then(
      (link) => void (attempt.side = new Side(link)),
      (reason: Error) => void (attempt.error = reason.message),
    );
    return attempt;
  }

  async pair(): Promise<{ client: Side; server: Side }> {
    const accepted = await this.listen();
    const attempt = this.connect(this.network.of('client'));
    await this.run(100);
    return { client: attempt.side!, server: accepted[0]! };
  }
}

/** An end of a link, and what it heard. */
class Side {
  readonly pieces: string[] = [];
  ends: string[] = [];

  constructor(readonly link: Link) {
    link.open({
      data: (bytes) => void this.pieces.push(Buffer.from(bytes).toString()),
      drained: () => {},
      closed: (reason) => void this.ends.push(reason === undefined ? 'in order' : reason.message.split(' ')[0]!),
    });
  }

  get heard(): string {
    return this.pieces.join('');
  }

  say(text: string): void {
    this.link.write([Buffer.from(text)]);
  }
}

describe('a simulated network', () => {
  it('carries bytes in their order, split and merged, the same way for the same seed', async () => {
    const play = async (seed: number): Promise<string[]> => {
      const bench = new Bench(seed);
      const { client, server } = await bench.pair();
      const words = Array.from({ length: 60 }, (_, index) => `word${index} `);
      for (const word of words) {
        client.say(word);
        await bench.run(0.1);
      }
      await bench.run(1_000);
      expect(server.heard).toBe(words.join(''));
      return server.pieces;
    };
    const pieces = await play(1);
    expect(await play(1)).toEqual(pieces);
    expect(await play(2)).not.toEqual(pieces);
    expect(pieces.some((piece) => !piece.startsWith('word'))).toBe(true);
    expect(pieces.some((piece) => piece.split(' ').length > 2)).toBe(true);
  });

  it('holds back what a paused receiver does not take, and tells how much that is', async () => {
    const bench = new Bench(1);
    const { client, server } = await bench.pair();
    server.link.pause();
    client.say('held');
    await bench.run(1_000);
    expect([server.heard, client.link.pendingBytes]).toEqual(['', 4]);
    server.link.resume();
    await bench.run(100);
    expect([server.heard, client.link.pendingBytes]).toEqual(['held', 0]);
  });

  it('ends a link in order behind its last bytes, and at once when it is destroyed', async () => {
    const bench = new Bench(3);
    const { client, server } = await bench.pair();
    client.say('last words');
    client.link.end();
    await bench.run(100);
    expect([server.heard, server.ends, client.ends]).toEqual(['last words', ['in order'], ['in order']]);
    const other = bench.connect(bench.network.of('client'));
    await bench.run(100);
    other.side!.link.destroy();
    await bench.run(100);
    expect(other.side!.ends).toEqual(['in order']);
  });

  it('delivers after a block what was sent during it; connections that cannot be made time out', async () => {
    const bench = new Bench(4);
    const { client, server } = await bench.pair();
    bench.network.block('client', 'server');
    client.say('to server');
    server.say('to client');
    const attempt = bench.connect(bench.network.of('client'));
    await bench.run(CONNECT_MS + 100);
    expect([server.heard, client.heard, attempt.error]).toEqual(['', 'to client', 'ETIMEDOUT 10.0.0.1:9092']);
    bench.network.unblock('client', 'server');
    await bench.run(100);
    expect(server.heard).toBe('to server');
  });

  it('cuts links: both sides hear of it, once', async () => {
    const bench = new Bench(5);
    const { client, server } = await bench.pair();
    bench.network.cut('client', 100);
    await bench.run(100);
    expect([client.ends, server.ends]).toEqual([['ECONNRESET'], ['ECONNRESET']]);
    client.say('nobody hears');
    await bench.run(100);
    expect(server.heard).toBe('');
  });

  it('tells the peers of a process that is killed, and refuses its address', async () => {
    const bench = new Bench(6);
    const { client, server } = await bench.pair();
    bench.network.kill('server');
    const attempt = bench.connect(bench.network.of('client'));
    await bench.run(100);
    expect([client.ends, server.ends, attempt.error]).toEqual([['ECONNRESET'], [], 'ECONNREFUSED 10.0.0.1:9092']);
  });

  it('tells the peers of a machine without power nothing, until they speak to it and it is back', async () => {
    const bench = new Bench(7);
    const { client } = await bench.pair();
    bench.network.powerOff('server');
    client.say('hello?');
    await bench.run(60_000);
    expect(client.ends).toEqual([]);
    const accepted = await bench.listen();
    await bench.run(100);
    expect([client.ends, accepted]).toEqual([['ECONNRESET'], []]);
  });

  it('keeps what is for a process that stands still until it goes on', async () => {
    const bench = new Bench(9);
    const { client, server } = await bench.pair();
    bench.network.pause('server');
    client.say('wake up');
    server.say('asleep');
    await bench.run(60_000);
    expect([server.heard, client.heard, client.ends]).toEqual(['', '', []]);
    bench.network.resume('server');
    await bench.run(100);
    expect([server.heard, client.heard]).toEqual(['wake up', 'asleep']);
  });

  it('refuses connections while a machine is told to', async () => {
    const bench = new Bench(8);
    await bench.listen();
    bench.network.machine('server').refuses = true;
    const refused = bench.connect(bench.network.of('client'));
    await bench.run(100);
    bench.network.heal();
    const taken = bench.connect(bench.network.of('client'));
    await bench.run(100);
    expect([refused.error, taken.side?.ends]).toEqual(['ECONNREFUSED 10.0.0.1:9092', []]);
  });
});
