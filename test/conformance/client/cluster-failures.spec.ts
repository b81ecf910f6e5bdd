import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { KafkaClient } from '@trunkline/client';
import type { Network } from '@trunkline/kernel';
import { NodeNetwork } from '@trunkline/platform';
import { ListGroups, Metadata } from '@trunkline/protocol';
import { describeUnless } from '@trunkline/testing';
import { type MortalBroker, type TestedBroker, apacheKafka, nodePorts, ownKafkaLeftOut, trunkline } from './brokers.js';
import { codeOf } from './client-kit.js';

/** What stands between the client and the broker: passes bytes on, or does something else with the broker's. */
class Wire {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  /** Gets what the broker sends, and the client's socket. */
  behaves: (bytes: Buffer, client: Socket) => void = (bytes, client) => void client.write(bytes);

  async start(bootstrap: string): Promise<void> {
    const [host = '', port = ''] = bootstrap.split(':');
    this.#server = createServer((client) => {
      const broker = connect({ host, port: Number(port) });
      for (const [socket, other] of [
        [client, broker],
        [broker, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      client.on('data', (bytes) => void broker.write(bytes));
      broker.on('data', (bytes) => this.behaves(bytes, client));
    });
    const server = this.#server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  get network(): Network {
    const tcp = new NodeNetwork();
    return {
      listen: (address, accept) => tcp.listen(address, accept),
      connect: (_, timeoutMs) => tcp.connect({ host: '127.0.0.1', port: this.#port }, timeoutMs),
    };
  }

  get #port(): number {
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    return bound?.port ?? 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }
}

describeFailures(trunkline);
describeFailures(apacheKafka, ownKafkaLeftOut);

function describeFailures(tested: TestedBroker, leftOut?: string): void {
  describeUnless(leftOut, `a client of ${tested.name}`, () => {
    let broker: MortalBroker;
    let wire: Wire;
    let client: KafkaClient;
    const metadata = { topics: [], allowAutoTopicCreation: false };
    const anyone = { kind: 'anyone' } as const;

    beforeAll(async () => {
      broker = await tested.startMortal();
    });

    afterEach(async () => {
      await client.close();
      wire.close();
    });

    afterAll(() => broker.close());

    async function connectClient(): Promise<void> {
      wire = new Wire();
      await wire.start(broker.bootstrap);
      const options = { bootstrap: broker.bootstrap, requestTimeoutMs: 30_000 };
      client = new KafkaClient(options, nodePorts({ network: wire.network }));
      await client.connect();
    }

    it('fails with DISCONNECTED when the connection is cut inside of a frame, and goes on', async () => {
      await connectClient();
      wire.behaves = (bytes, socket) => void socket.write(bytes.subarray(0, 6), () => socket.destroy());
      expect(await codeOf(client.cluster.ask(anyone, Metadata, metadata))).toBe('DISCONNECTED');
      wire.behaves = (bytes, socket) => void socket.write(bytes);
      expect(await codeOf(client.cluster.ask(anyone, Metadata, metadata))).toBe('no error');
    });

    it('reads an answer that comes byte by byte', async () => {
      await connectClient();
      wire.behaves = (bytes, socket) => {
        for (const byte of bytes) socket.write(Buffer.of(byte));
      };
      const { body } = await client.cluster.ask(anyone, Metadata, metadata);
      expect(body.brokers).toHaveLength(1);
    });

    it('gives up on a connection that swallows answers, and opens another', async () => {
      await connectClient();
      wire.behaves = () => {};
      const [nodeId = -1] = client.cluster.image.brokers.keys();
      const target = { kind: 'node', nodeId } as const;
      expect(await codeOf(client.cluster.ask(target, Metadata, metadata, { timeoutMs: 300 }))).toBe('TIMED_OUT');
      wire.behaves = (bytes, socket) => void socket.write(bytes);
      expect(await codeOf(client.cluster.ask(target, Metadata, metadata))).toBe('no error');
    });

    it('ends a connection on which bytes were changed, and says so', async () => {
      await connectClient();
      wire.behaves = (bytes, socket) => {
        bytes[7] = 0xee; // The last byte of the correlation id.
        socket.write(bytes);
      };
      expect(await codeOf(client.cluster.ask(anyone, Metadata, metadata))).toBe('PROTOCOL_VIOLATION');
      wire.behaves = (bytes, socket) => void socket.write(bytes);
      expect(await codeOf(client.cluster.ask(anyone, Metadata, metadata))).toBe('no error');
    });

    it('waits for a broker that was killed and comes back', async () => {
      await connectClient();
      const [nodeId = -1] = client.cluster.image.brokers.keys();
      await broker.kill();
      const asking = client.cluster.askAgain({ kind: 'node', nodeId }, ListGroups, {}, { timeoutMs: 60_000 });
      await broker.start();
      expect((await asking).nodeId).toBe(nodeId);
    });

    it('finds the coordinator again after the broker was killed', async () => {
      await connectClient();
      const found = await client.cluster.coordinator('group', 'cluster-failures');
      await broker.kill();
      const asking = client.cluster.coordinator('group', 'cluster-failures-2');
      await broker.start();
      expect(await asking).toBe(found);
    });
  });
}
