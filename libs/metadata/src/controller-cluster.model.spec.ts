import { describe, expect, it } from '@jest/globals';
import { offset } from '@trunkline/kernel';
import { ClusterModel } from '../test/cluster-model.js';
import { plain } from '../test/plain.js';
import { emptyImage, stepImage } from './image-loader.js';
import { decodeRecord, encodeRecord } from './record-codec.js';
import { recordsOf } from './snapshot.js';

const SEEDS = Number(process.env['RUNS'] ?? 60);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const STEPS = 250;

function lived(seed: number): ClusterModel {
  const model = new ClusterModel(seed);
  for (let step = 0; step < STEPS; step++) model.step();
  return model;
}

describe('a controller whose brokers come, go, and lose what they had', () => {
  it('never lets one lead in order who lacks what was committed, and brings all back in sync once it is calm', () => {
    const total = { writes: 0, elections: 0, unclean: 0, refused: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        const model = lived(seed);
        model.calm();
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += model.counts[name];
      } catch (cause) {
        throw new Error(`SEED=${seed} RUNS=1 replays it: ${String(cause)}`, { cause });
      }
    }
    expect(total.writes).toBeGreaterThan(SEEDS * 20);
    expect(total.elections).toBeGreaterThan(SEEDS * 5);
    expect(total.unclean).toBeGreaterThan(0);
  });

  it('tells the same after its records were bytes, and out of a snapshot', () => {
    const { image, records } = lived(FIRST_SEED).world;
    expect(records.map((record) => decodeRecord(encodeRecord(record)))).toEqual(records);
    const snapshot = stepImage(emptyImage('cluster'), [...recordsOf(image)], offset(0)).image;
    expect(plain(snapshot)).toEqual(plain(image));
    expect(plain(stepImage(emptyImage('cluster'), records, offset(0)).image)).toEqual(plain(image));
  });

  it('is the same each time for a seed', () => {
    expect(lived(FIRST_SEED).world.records).toEqual(lived(FIRST_SEED).world.records);
  });
});
