import { type Message, TrunklineError, fixed, queue, text } from '@trunkline/bus';
import { BUS_PARTITIONS, BusProcess, DELIVERY_MS, LATE_MS } from './bus-process.js';
import type { GroupHistory } from './history.js';
import type { SimHost } from './host.js';
import type { SystemMutant } from './mutants.js';

const ATTEMPTS = 3;
const PASSING: readonly string[] = ['TIMED_OUT', 'ENGINE_UNAVAILABLE', 'CLOSED'];

export const jobs = queue('jobs', text(), {
  partitions: BUS_PARTITIONS,
  retry: { attempts: ATTEMPTS, backoff: fixed(40) },
});
export const JOBS_GROUP = 'jobs.workers';
export const DEAD_JOBS = `${JOBS_GROUP}.dead`;

/** Whether nobody can do it: it ends with the dead letters. */
export function isPoison(job: string): boolean {
  return Number(job.split(':')[1]) % 11 === 10;
}

/** What became of jobs. */
export interface JobsDone {
  readonly done: Set<string>;
  /** Those that were given up. */
  readonly dead: Set<string>;
}

/** Hands out jobs. */
export class SimClerk extends BusProcess {
  #next = 0;
  #pending = 0;

  constructor(
    host: SimHost,
    mutant: SystemMutant,
    private readonly history: GroupHistory,
  ) {
    super(host, 'clerks', mutant, (bus) => bus.declare([jobs]));
  }

  get idle(): boolean {
    return this.#pending === 0;
  }

  act(): void {
    const { bus, host } = this;
    if (!host.alive || bus === undefined) return;
    const { topic } = this.history;
    const { dice } = host.world;
    const sequence = this.#next++;
    const job = `${host.name}:${sequence}`;
    const key = dice.chance(60) ? `k${dice.below(4)}` : null;
    topic.sent(job, { producer: host.name, sequence, key });
    this.#pending += 1;
    const limitMs = DELIVERY_MS + LATE_MS;
    const late = host.world.schedule(limitMs * 1000, 'late', host.life, () => {
      this.faults.push(`${job} is not enqueued, nor refused, within ${limitMs} virtual ms`);
    });
    void bus
      .enqueue(jobs, job, key === null ? {} : { key })
      .then(
        () => {
          host.world.note(`${job} is enqueued`);
          topic.acknowledge(job, -1, -1);
        },
        (reason: unknown) => {
          const code = reason instanceof TrunklineError ? reason.code : 'broken';
          host.world.note(`${job} fails: ${code}`);
          topic.fails(job);
          if (!PASSING.includes(code)) this.faults.push(`${job} ended with ${String(reason)}`);
        },
      )
      .finally(() => {
        late.cancelled = true;
        this.#pending -= 1;
      });
  }
}

/** Does jobs: some fail the first time, some every time. */
export class SimWorker extends BusProcess {
  constructor(
    host: SimHost,
    mutant: SystemMutant,
    private readonly history: GroupHistory,
    private readonly ends: JobsDone,
  ) {
    super(host, 'workers', mutant, (bus) => {
      bus.work(jobs, (job, message) => this.#work(job, message));
    });
  }

  async #work(job: string, message: Message): Promise<void> {
    const { host, history } = this;
    const { partition, offset, attempt, key } = message;
    const { dice } = host.world;
    host.world.note(`${host.name} begins ${job} at ${partition}/${offset}`);
    history.topic.seen({ partition, offset, key, value: job }, host.name);
    if (attempt > ATTEMPTS) this.faults.push(`${host.name}: attempt ${attempt} of ${job}`);
    await host.pause(dice.below(dice.chance(5) ? 1_500 : 8));
    host.world.note(`${host.name} worked on ${job} at ${partition}/${offset}, ${attempt}`);
    if (isPoison(job)) {
      if (attempt === ATTEMPTS) this.#ended(this.ends.dead, job, message);
      throw new Error(`${job} cannot be done`);
    }
    if (attempt === 1 && Number(job.split(':')[1]) % 5 === 3) throw new Error(`${job} cannot be done yet`);
    this.#ended(this.ends.done, job, message);
  }

  #ended(jobsOf: Set<string>, job: string, { partition, offset }: Message): void {
    jobsOf.add(job);
    this.history.handled(partition, offset);
  }
}
