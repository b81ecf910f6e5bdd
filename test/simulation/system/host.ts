import { KafkaClient, type ClientObserver, type ClientPorts } from '@trunkline/client';
import { silentLogger } from '@trunkline/kernel';
import { crc32c } from '@trunkline/platform';
import { type SimNetwork, SimRandom } from '@trunkline/testing';
import { Life, type SimWorld } from '../world.js';

export const BROKER = 'broker';
export const BOOTSTRAP = '10.0.0.1:9092';

/** Short, so that a run sees every kind of deadline. */
const CLIENT = {
  connectTimeoutMs: 800,
  requestTimeoutMs: 2_000,
  reconnectBackoffMaxMs: 300,
  retryBackoffMaxMs: 300,
  metadataMaxAgeMs: 5_000,
};

/** A process of ours on a machine of its own. It can end at any moment, and then does nothing any more. */
export class SimHost {
  readonly life = new Life();
  readonly ports: ClientPorts;

  constructor(
    readonly world: SimWorld,
    readonly network: SimNetwork,
    readonly name: string,
    private readonly bootstrap = BOOTSTRAP,
  ) {
    const random = new SimRandom(world.dice.below(2 ** 31));
    const clock = world.clockOf(this.life);
    this.ports = { network: network.of(name), clock, random, crc32c, logger: silentLogger };
  }

  get alive(): boolean {
    return this.life.alive;
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  client(observer: ClientObserver = {}): KafkaClient {
    return new KafkaClient({ ...CLIENT, bootstrap: this.bootstrap, clientId: this.name, observer }, this.ports);
  }

  /** Never resolves when the process ends before. */
  pause(ms: number): Promise<void> {
    return this.world.pause(ms * 1000, 'work', this.life);
  }

  /** The process ends at once; `isLoud`: its system ends its connections. */
  crash(isLoud: boolean): void {
    this.world.note(`${this.name} ${isLoud ? 'is killed' : 'loses power'}`);
    this.life.end();
    if (isLoud) this.network.kill(this.name);
    else this.network.powerOff(this.name);
  }
}
