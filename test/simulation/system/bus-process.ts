import { Bus, TrunklineError } from '@trunkline/bus';
import { KafkaEngine } from '@trunkline/engine-kafka';
import { BOOTSTRAP, type SimHost } from './host.js';
import type { SystemMutant } from './mutants.js';

/** Partitions of every channel that a bus makes. */
export const BUS_PARTITIONS = 2;
export const DELIVERY_MS = 8_000;

const DRAIN_MS = 3_000;
/** Draining waits for handlers, for sends, and for the engine, each with its own limit. */
const DRAINED_MS_MAX = 60_000;
const START_AGAIN_MS = 200;
/** How far beyond its limits anything may be late. */
export const LATE_MS = 500;

/** A process with a bus on the Kafka engine. When it cannot start, it starts again, as its supervisor would have it do. */
export class BusProcess {
  readonly faults: string[] = [];
  #bus: Bus | undefined;
  #isLeaving = false;
  hasLeft = false;

  constructor(
    readonly host: SimHost,
    private readonly service: string,
    private readonly mutant: SystemMutant,
    private readonly setUp: (bus: Bus) => void,
  ) {
    void this.#start();
  }

  /** The bus, once it runs. */
  get bus(): Bus | undefined {
    return this.#isLeaving ? undefined : this.#bus;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Ends in order. */
  leave(): void {
    const bus = this.#bus;
    if (bus === undefined || this.#isLeaving) return;
    this.#isLeaving = true;
    const { world, life, name } = this.host;
    world.note(`${name} leaves`);
    const late = world.schedule(DRAINED_MS_MAX * 1000, 'late', life, () => {
      this.faults.push(`${name} has not drained within ${DRAINED_MS_MAX} virtual ms`);
    });
    void bus
      .drain(DRAIN_MS)
      .catch((reason: unknown) => void this.faults.push(`${name} drains: ${String(reason)}`))
      .finally(() => {
        late.cancelled = true;
        this.hasLeft = true;
      });
  }

  async #start(): Promise<void> {
    const { host } = this;
    while (host.alive) {
      const bus = this.#make();
      this.setUp(bus);
      try {
        await bus.start();
        host.world.note(`${host.name} has started`);
        this.#bus = bus;
        return;
      } catch (reason) {
        if (!(reason instanceof TrunklineError) || reason.code !== 'ENGINE_UNAVAILABLE') {
          this.faults.push(`${host.name} does not start: ${String(reason)}`);
        }
        await bus.close();
        await host.pause(START_AGAIN_MS);
      }
    }
  }

  #make(): Bus {
    const { ports, world, name } = this.host;
    const { network, random } = ports;
    const kafka = new KafkaEngine(
      {
        brokers: [BOOTSTRAP],
        clientId: name,
        partitions: BUS_PARTITIONS,
        connectTimeoutMs: 800,
        requestTimeoutMs: 2_000,
        deliveryTimeoutMs: DELIVERY_MS,
        sessionTimeoutMs: 3_000,
        heartbeatMs: 300,
        rebalanceTimeoutMs: 4_000,
        revokeDeadlineMs: 2_000,
        commitMs: 1 + world.dice.below(300),
        metadataMaxAgeMs: 5_000,
        fetchWaitMs: 1 + world.dice.below(500),
      },
      { network, random, clock: ports.clock },
    );
    const engine = this.mutant.engine?.(kafka) ?? kafka;
    const clock = this.mutant.clock?.(ports.clock) ?? ports.clock;
    const limits = { inboxPartitions: BUS_PARTITIONS, concurrency: 1 + world.dice.below(6) };
    return new Bus({ service: this.service, engine, clock, random, limits });
  }
}
