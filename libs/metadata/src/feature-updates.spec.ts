import { describe, expect, it } from '@jest/globals';
import { ControllerWorld, registration } from '../test/fixture.js';
import type { FeatureUpdate } from './feature-updates.js';

const VERSION = 'metadata.version';

function world(): ControllerWorld {
  const made = new ControllerWorld();
  made.commit(made.controller.registerBroker(registration(1, made.random)));
  return made;
}

function update(over: Partial<FeatureUpdate>): FeatureUpdate {
  return { feature: VERSION, level: 30, kind: 'upgrade', ...over };
}

describe('updateFeatures', () => {
  it('writes nothing for a level that is in force', () => {
    expect(world().controller.updateFeatures([update({})]).records).toEqual([]);
  });

  it.each([
    ['a level that this build does not know', { level: 31 }, /the controller works with 7 to 30/],
    ['a feature that nobody knows', { feature: 'x', level: 1 }, /the controller does not know it/],
    ['a level below 0', { level: -1 }, /may not be below 0/],
    ['a lower level as an upgrade', { level: 29 }, /needs a downgrade/],
    ['a lower metadata.version', { level: 29, kind: 'unsafe-downgrade' as const }, /it stays at 30/],
  ])('refuses %s', (_, over, sentence) => {
    expect(() => world().controller.updateFeatures([update(over)])).toThrow(sentence);
  });

  it('refuses all when one is refused, and a feature that is named twice', () => {
    const { controller } = world();
    expect(() => controller.updateFeatures([update({}), update({ feature: 'x', level: 1 })])).toThrow(/Feature x/);
    expect(() => controller.updateFeatures([update({}), update({})])).toThrow(/named twice/);
  });
});
