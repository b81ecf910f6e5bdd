import { Bus, type BusOptions, call, json, queue } from '@trunkline/bus';
import { kafka } from '@trunkline/engine-kafka';
import { asError } from '@trunkline/kernel';
import { nodeClock, nodeRandom } from '@trunkline/platform';
import type { WorkingClient } from './client-processes.js';
import { Journal } from './journal.js';
import { pause } from './nemesis.js';

const EVERY_MS = 30;
const REQUEST_MS_MAX = 20_000;

interface Step {
  readonly value: string;
}

const Answer = call('loops.answer', { request: json<Step>(), reply: json<Step>(), timeoutMs: REQUEST_MS_MAX, partitions: 3 }); // prettier-ignore
const Work = queue('loops.work', json<Step>(), { partitions: 3 });

/** What a service does all day: one after the other, through two processes of the bus. */
class BusLoop implements WorkingClient {
  readonly journal: Journal;
  readonly ended: string | undefined;
  readonly #front: Bus;
  readonly #back: Bus;
  readonly #loop: Promise<void>;
  #isOver = false;

  private constructor(name: string, front: Bus, back: Bus, journal: Journal, step: (step: Step) => Promise<unknown>) {
    this.journal = journal;
    this.#front = front;
    this.#back = back;
    this.#loop = this.#run(name, step);
  }

  /** Asks a question after the other. A question counts as acknowledged with its answer. */
  static async requests(bootstrap: string): Promise<BusLoop> {
    const journal = new Journal('bus.request', 1);
    const [front, back] = twoBuses(bootstrap, 'asking', 'answering');
    back.respond(Answer, (step) => {
      journal.read({ value: step.value, lane: 0 });
      return step;
    });
    await Promise.all([front.start(), back.start()]);
    return new BusLoop('request', front, back, journal, async (step) => {
      const reply = await front.request(Answer, step, { key: step.value });
      if (reply.value !== step.value) throw new Error(`${step.value} was answered with ${reply.value}`);
    });
  }

  static async jobs(bootstrap: string): Promise<BusLoop> {
    const journal = new Journal('a work queue', 1);
    const [front, back] = twoBuses(bootstrap, 'giving', 'working');
    back.work(Work, async ({ value }) => journal.read({ value, lane: 0 }));
    await Promise.all([front.start(), back.start()]);
    return new BusLoop('job', front, back, journal, (step) => front.enqueue(Work, step, { key: step.value }));
  }

  async #run(name: string, step: (step: Step) => Promise<unknown>): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const value = `${name}-${count}`;
      try {
        await step({ value });
        this.journal.acknowledge({ value, lane: 0 });
      } catch (reason) {
        this.journal.fail(value, asError(reason).message);
      }
      await pause(EVERY_MS);
    }
  }

  async stopWriting(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#front.drain(5_000), this.#back.drain(5_000)]);
  }
}

function twoBuses(bootstrap: string, ...services: readonly [string, string]): [Bus, Bus] {
  const bus = (service: string): Bus => {
    const engine: BusOptions['engine'] = kafka({ brokers: bootstrap.split(',') });
    return new Bus({ service, engine, clock: nodeClock, random: nodeRandom });
  };
  return [bus(services[0]), bus(services[1])];
}

/** The loops of our own bus, through the engine with every node's address. */
export const BUS_LOOPS: readonly ((bootstrap: string) => Promise<WorkingClient>)[] = [
  (bootstrap) => BusLoop.requests(bootstrap),
  (bootstrap) => BusLoop.jobs(bootstrap),
];
