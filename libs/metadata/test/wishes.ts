import fc from 'fast-check';
import { nodeId, type Decision, type Random } from '@trunkline/kernel';
import type { Controller } from '../src/controller.js';
import { CONFIG_RESOURCE_TYPES, type MetadataRecord } from '../src/records.js';
import { newTopic, registration } from './fixture.js';

/** Something that somebody asks of the controller; some wishes are refused. */
export type Wish = (controller: Controller, random: Random) => Decision<MetadataRecord, unknown>;

const name = fc.constantFrom('a', 'a', 'b', 'c.d', 'c_d', '__consumer_offsets', 'no good');
const broker = fc.constantFrom(1, 2, 3);
const change = fc.record({
  name: fc.constantFrom('retention.ms', 'retention.ms', 'cleanup.policy', 'log.retention.ms', 'nope'),
  operation: fc.constantFrom('set' as const, 'delete' as const, 'append' as const, 'subtract' as const),
  value: fc.constantFrom('5', '7000', 'compact', 'delete', '2000000', null),
});
const resource = fc.constantFrom(
  { type: CONFIG_RESOURCE_TYPES.topic, name: 'a' },
  { type: CONFIG_RESOURCE_TYPES.topic, name: 'a' },
  { type: CONFIG_RESOURCE_TYPES.topic, name: 'b' },
  { type: CONFIG_RESOURCE_TYPES.broker, name: '' },
  { type: CONFIG_RESOURCE_TYPES.broker, name: '1' },
  { type: CONFIG_RESOURCE_TYPES.group, name: 'g' },
);
const config = fc.record({ name: fc.constantFrom('retention.ms', 'flush.ms'), value: fc.constantFrom('5', '6', 'x') });

/** Any wish, with its words for the report of a failure. */
export const wish: fc.Arbitrary<{ readonly words: string; readonly run: Wish }> = fc.oneof(
  fc
    .array(
      fc.tuple(
        name,
        fc.integer({ min: -1, max: 4 }),
        fc.integer({ min: -1, max: 2 }),
        fc.array(config, { maxLength: 2 }),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((topics) => ({
      words: `create ${JSON.stringify(topics)}`,
      run: (controller: Controller) =>
        controller.createTopics(
          topics.map(([topic, partitionCount, replicationFactor, configs]) =>
            newTopic(topic, { partitionCount, replicationFactor, configs }),
          ),
        ),
    })),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => ({
    words: `delete ${names.join(' ')}`,
    run: (controller: Controller) => controller.deleteTopics(names.map((topic) => ({ name: topic }))),
  })),
  fc.tuple(name, fc.integer({ min: 0, max: 6 })).map(([topic, partitionCount]) => ({
    words: `grow ${topic} to ${partitionCount}`,
    run: (controller: Controller) =>
      controller.createPartitions([{ name: topic, partitionCount, assignments: undefined }]),
  })),
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        resource,
        fc.constantFrom('replace' as const, 'incremental' as const, 'incremental' as const),
        fc.array(change, { maxLength: 2 }),
      )
      .map(([target, mode, changes]) => ({
        words: `${mode} ${JSON.stringify(target)} ${JSON.stringify(changes)}`,
        run: (controller: Controller) => controller.alterConfigs([{ resource: target, mode, changes }]),
      })),
  },
  broker.map((id) => ({
    words: `broker ${id}`,
    run: (controller: Controller, random: Random) => controller.registerBroker(registration(id, random)),
  })),
  fc.constant({
    words: 'producer ids',
    run: (controller: Controller) => controller.allocateProducerIds(nodeId(1), 1n),
  }),
);
