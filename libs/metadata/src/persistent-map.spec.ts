import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PersistentMap } from './persistent-map.js';

const changes = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.option(fc.integer(), { nil: undefined })));

describe('PersistentMap', () => {
  it('is a Map to look at, and never changes', () => {
    fc.assert(
      fc.property(fc.array(changes), (rounds) => {
        const model = new Map<string, number>();
        let map = PersistentMap.empty<number>();
        for (const round of rounds) {
          const before = [...map];
          const next = map.changed(round);
          for (const [key, value] of round) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          expect([...map]).toEqual(before);
          map = next;
          expect(new Map(map)).toEqual(model);
          expect(map.size).toBe(model.size);
          expect([...map.keys()].toSorted()).toEqual([...model.keys()].toSorted());
          for (const [key, value] of model) expect(map.get(key)).toBe(value);
        }
      }),
    );
  });

  it('copies some hundred entries, not ten thousand, for a change', () => {
    let map = PersistentMap.empty<number>();
    for (let each = 0; each < 10_000; each++) map = map.set(`topic-${each}`, each);
    expect(map.size).toBe(10_000);
    expect(map.copied('topic-77')).toBeLessThan(1000);
    expect(map.delete('topic-77').has('topic-77')).toBe(false);
    expect(map.get('topic-77')).toBe(77);
  });
});
