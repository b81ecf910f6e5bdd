import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Bus, type BusHealth } from '@trunkline/bus';

/** What a health check answers, in the form of Terminus: one entry a bus. */
export type HealthResult = Readonly<Record<string, BusHealth>>;

/**
 * Whether the buses of this application do what they are for. Red when a handler's subscription failed, is not assigned
 * what it should be, or the engine is out of reach; never "up but deaf".
 *
 * `check()` has the shape of a Terminus indicator: it resolves with `{ trunkline: { status: 'up', … } }`, or rejects with
 * {@link BusDown}, whose `causes` hold the same with `status: 'down'`.
 */
@Injectable()
export class TrunklineHealth {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Every bus of the application with what it says of itself; the first is the one without a name. */
  all(): readonly BusHealth[] {
    const buses = new Set<Bus>();
    for (const { instance } of this.discovery.getProviders()) if (instance instanceof Bus) buses.add(instance);
    return [...buses].map((bus) => bus.health());
  }

  get ready(): boolean {
    return this.all().every(({ status }) => status === 'up');
  }

  /** With several buses the second one is `<key>.2`, and so on. */
  check(key = 'trunkline'): Promise<HealthResult> {
    const said = this.all();
    const result = Object.fromEntries(said.map((health, index) => [index === 0 ? key : `${key}.${index + 1}`, health]));
    return said.every(({ status }) => status === 'up') ? Promise.resolve(result) : Promise.reject(new BusDown(result));
  }
}

/** A bus is down; `causes` says which and why. */
export class BusDown extends Error {
  constructor(readonly causes: HealthResult) {
    const down = Object.entries(causes).filter(([, { status }]) => status === 'down');
    super(down.map(([name, health]) => `${name}: ${reasonOf(health)}`).join('; '));
    this.name = 'BusDown';
  }
}

function reasonOf({ state, lanes }: BusHealth): string {
  const silent = lanes.filter((lane) => lane.state !== 'running' && lane.state !== 'paused');
  const said = silent.map(
    ({ name, state: at, reason }) => `${name} is ${at}${reason === undefined ? '' : `: ${reason}`}`,
  );
  return said.length > 0 ? said.join(', ') : `the bus is ${state}`;
}
