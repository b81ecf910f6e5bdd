import { describe, expect, it } from '@jest/globals';
import { ControllerWorld, newTopic, registration } from '../test/fixture.js';
import { imageDifference } from './image-difference.js';
import { emptyImage, stepImage } from './image-loader.js';
import { CONFIG_RESOURCE_TYPES } from './records.js';
import { recordsOf } from './snapshot.js';

const { topic } = CONFIG_RESOURCE_TYPES;

/** A cluster with two topics, one of them with a config of its own. */
function world(): ControllerWorld {
  const made = new ControllerWorld();
  made.commit(made.controller.registerBroker(registration(1, made.random)));
  const kept = newTopic('kept', { configs: [{ name: 'retention.ms', value: '1' }] });
  made.commit(made.controller.createTopics([kept, newTopic('gone')]));
  return made;
}

/** The same image made anew out of a snapshot: nothing is shared with the old one. */
function copied({ image }: ControllerWorld) {
  return stepImage(emptyImage(image.clusterId), [...recordsOf(image)], image.endOffset).image;
}

describe('imageDifference', () => {
  it('finds nothing between an image and its snapshot', () => {
    const there = world();
    const { before, ...difference } = imageDifference(there.image, copied(there));
    expect(before).toBe(there.image);
    expect(Object.values(difference).flat()).toEqual([]);
  });

  it('tells what came, went and changed', () => {
    const there = world();
    const old = copied(there);
    there.commit(there.controller.deleteTopics([{ name: 'gone' }]));
    there.commit(there.controller.createTopics([newTopic('new')]));
    there.commit(there.controller.createPartitions([{ name: 'kept', partitionCount: 3, assignments: undefined }]));
    there.commit(
      there.controller.alterConfigs([{ resource: { type: topic, name: 'kept' }, mode: 'replace', changes: [] }]),
    );
    there.commit(there.controller.registerBroker(registration(2, there.random)));
    const difference = imageDifference(old, copied(there));
    expect(difference.createdTopics.map(({ name }) => name)).toEqual(['new']);
    expect(difference.deletedTopics.map(({ name }) => name)).toEqual(['gone']);
    expect(difference.changedTopics.map(({ after, partitions }) => [after.name, partitions])).toEqual([
      ['kept', [1, 2]],
    ]);
    expect(difference.changedConfigs).toEqual([{ type: topic, name: 'kept' }]);
    expect(difference.changedBrokers).toEqual([2]);
  });

  it('takes a topic that was made anew under its name for another one', () => {
    const there = world();
    const old = copied(there);
    there.commit(there.controller.deleteTopics([{ name: 'kept' }]));
    there.commit(there.controller.createTopics([newTopic('kept')]));
    const { createdTopics, deletedTopics } = imageDifference(old, copied(there));
    expect([...createdTopics, ...deletedTopics].map(({ name }) => name)).toEqual(['kept', 'kept']);
  });
});
