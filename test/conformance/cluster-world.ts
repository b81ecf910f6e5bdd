import { EmbeddedCluster } from '@trunkline/engine-embedded';
import { SimRandom } from '@trunkline/testing';

/** Members that die are missed after this; the tests that kill one wait for it. */
const SESSION_MS = 3_000;

/** Three brokers in memory, and clients that miss a dead member soon. */
export function startThree(): Promise<EmbeddedCluster> {
  return EmbeddedCluster.start({
    nodes: 3,
    memory: true,
    set: { 'group.min.session.timeout.ms': `${SESSION_MS}` },
    client: { sessionTimeoutMs: SESSION_MS, heartbeatMs: 500 },
  });
}

const DEAD_MS_MAX = 400;
const CALM_MS_MAX = 600;

/** Kills nodes, one after the other, and brings each back; the next one only when the cluster is whole again. */
export class Nemesis {
  /** What it did, for people. */
  readonly told: string[] = [];
  readonly #random: SimRandom;
  readonly #running: Promise<void>;
  #ends = false;
  /** Set: it waits for this before the next kill. */
  #held: Promise<void> | undefined;
  #letGo: () => void = () => {};
  #round: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: EmbeddedCluster,
    seed: number,
  ) {
    this.#random = new SimRandom(seed);
    this.#running = this.#run();
    this.#running.catch(() => {}); // It is told by `stop`.
  }

  /** Resolves when the cluster is whole; nothing is killed until {@link release}. */
  async hold(): Promise<void> {
    this.#held ??= new Promise((resolve) => (this.#letGo = resolve));
    await this.#round;
  }

  release(): void {
    this.#held = undefined;
    this.#letGo();
  }

  /** Resolves when the last one is back. Rejects when a node did not come back, or the cluster did not become whole. */
  async stop(): Promise<void> {
    this.#ends = true;
    this.release();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ends) {
      this.#round = this.#killOne();
      await this.#round;
      await this.#pause(CALM_MS_MAX);
      await this.#held;
    }
  }

  async #killOne(): Promise<void> {
    const { cluster } = this;
    const node = cluster.nodes[this.#random.below(cluster.nodes.length)] ?? 1;
    const beganMs = performance.now();
    await cluster.crash(node);
    await this.#pause(DEAD_MS_MAX);
    await cluster.restart(node);
    await cluster.whole();
    this.told.push(`${node}: ${(performance.now() - beganMs).toFixed(0)} ms`);
  }

  async #pause(msMax: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(msMax)));
  }
}
