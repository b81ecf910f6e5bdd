import { describe, expect, it } from '@jest/globals';
import { ApiError, offset } from '@trunkline/kernel';
import { SimRandom } from '@trunkline/testing';
import fc from 'fast-check';
import { ControllerWorld, Dice, staticConfig } from '../test/fixture.js';
import { plain } from '../test/plain.js';
import { wish, type Wish } from '../test/wishes.js';
import { Controller } from './controller.js';
import type { MetadataDelta } from './delta.js';
import { emptyImage, stepImage, type LoadedImage } from './image-loader.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import { CONFIG_RESOURCE_TYPES, type MetadataRecord } from './records.js';
import { recordsOf } from './snapshot.js';

/** Few partitions, so that the limit is met now and then. */
const statics = staticConfig({ 'max.partitions': '9' });
const wishes = fc.array(wish, { minLength: 1, maxLength: 60, size: 'max' });

/** A world in which wishes came true, or were refused. */
function lived(wanted: readonly { readonly run: Wish }[], seed = 1): ControllerWorld {
  const world = new ControllerWorld(seed, statics).withBrokers(1, 2);
  for (const { run } of wanted) attempt(() => world.commit(run(world.controller, world.random)));
  return world;
}

function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (reason) {
    if (reason instanceof ApiError) return reason.message;
    throw reason;
  }
}

function imageOf(records: Iterable<MetadataRecord>): LoadedImage {
  return stepImage(emptyImage('cluster'), [...records], offset(0)).image;
}

describe('metadata', () => {
  it('is the same whether its records come one decision at a time, all at once, or out of a snapshot', () => {
    fc.assert(
      fc.property(wishes, (wanted) => {
        const { image, records } = lived(wanted);
        expect(plain(imageOf(records))).toEqual(plain(image));
        expect(plain(imageOf(recordsOf(image)))).toEqual(plain(image));
      }),
    );
  });

  it('is the same after its records were bytes', () => {
    fc.assert(
      fc.property(wishes, (wanted) => {
        const { records } = lived(wanted);
        expect(records.map((record) => decodeRecord(encodeRecord(record)))).toEqual(records);
      }),
    );
  });

  it('lets a controller out of a snapshot decide as the one that lived through everything', () => {
    fc.assert(
      fc.property(wishes, fc.array(wish, { minLength: 1, maxLength: 20, size: 'max' }), (past, future) => {
        const veteran = lived(past);
        const dice = new Dice(new SimRandom(7));
        const restored = new Controller({ random: dice, statics });
        for (const record of recordsOf(veteran.image)) restored.replay(record);
        restored.continueAt(veteran.controller.nextOffset);
        for (const [step, { run }] of future.entries()) {
          // The same dice for both, but others each time: no two topics may get the same id.
          veteran.random.inner = new SimRandom(1000 + step);
          dice.inner = new SimRandom(1000 + step);
          const decision = attempt(() => run(veteran.controller, veteran.random));
          expect(attempt(() => run(restored, dice))).toEqual(decision);
          if (typeof decision === 'string') continue;
          veteran.commit(decision);
          for (const record of decision.records) restored.replay(record);
        }
      }),
    );
  });

  it('tells in its deltas all that changes, and nothing else', () => {
    fc.assert(
      fc.property(wishes, (wanted) => {
        const world = new ControllerWorld(1, statics).withBrokers(1, 2);
        const known = new Follower(imageOf(world.records));
        for (const { run } of wanted) {
          const decision = attempt(() => run(world.controller, world.random));
          if (typeof decision === 'string') continue;
          const before = world.image;
          world.commit(decision);
          known.follow(stepImage(before, decision.records, offset(0)).delta, world.image);
          expect(known.view).toEqual(viewOf(world.image));
        }
      }),
    );
  });
});

type View = ReadonlyMap<string, unknown>;

/** Knows an image by its deltas only; complains about a change that is none. */
class Follower {
  readonly view: Map<string, unknown>;

  constructor(image: LoadedImage) {
    this.view = new Map(viewOf(image));
  }

  follow(delta: MetadataDelta, image: LoadedImage): void {
    for (const topic of delta.deletedTopics) {
      expect(this.view.delete(`topic ${topic.id}`)).toBe(true);
      this.view.delete(`config ${CONFIG_RESOURCE_TYPES.topic}:${topic.name}`);
    }
    for (const topic of delta.createdTopics) {
      expect(this.view.has(`topic ${topic.id}`)).toBe(false);
      this.view.set(`topic ${topic.id}`, topic);
    }
    for (const { before, after, partitions } of delta.changedTopics) {
      expect(this.view.get(`topic ${before.id}`)).toEqual(before);
      expect(partitions.length).toBeGreaterThan(0);
      const merged = [...before.partitions];
      for (const index of partitions) merged[index] = after.partitions[index]!;
      this.view.set(`topic ${after.id}`, { ...before, partitions: merged });
    }
    for (const { type, name } of delta.changedConfigs) {
      const set = image.configs.of(type, name);
      expect(this.view.get(`config ${type}:${name}`)).not.toEqual(set);
      if (set.size === 0) this.view.delete(`config ${type}:${name}`);
      else this.view.set(`config ${type}:${name}`, set);
    }
    for (const id of delta.changedBrokers) this.view.set(`broker ${id}`, image.brokers.get(id));
  }
}

function viewOf(image: LoadedImage): View {
  return new Map<string, unknown>([
    ...Array.from(image.topics, (topic) => [`topic ${topic.id}`, topic] as const),
    ...Array.from(image.configs, ([{ type, name }, set]) => [`config ${type}:${name}`, set] as const),
    ...Array.from(image.brokers, ([id, broker]) => [`broker ${id}`, broker] as const),
  ]);
}
