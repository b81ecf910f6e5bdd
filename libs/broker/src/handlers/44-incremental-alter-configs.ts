import { ApiError } from '@trunkline/kernel';
import type { ConfigChange, ConfigOperation } from '@trunkline/metadata';
import { IncrementalAlterConfigs, type IncrementalAlterConfigsRequest } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { alteredConfigs } from './altered-configs.js';

type Change = IncrementalAlterConfigsRequest['resources'][number]['configs'][number];

/** By Kafka's numbers. */
const OPERATIONS: readonly ConfigOperation[] = ['set', 'delete', 'append', 'subtract'];

/**
 * IncrementalAlterConfigs (44), v0 and v1: sets, deletes, appends to and subtracts from single configs; all others stay
 * (KIP-339). In force when answered.
 *
 * A key that stands twice, or an operation nobody knows: INVALID_REQUEST for the whole resource. A broker config that
 * cannot change at run time may be written back with the value it has (semantics, item 167); Kafka refuses that too.
 */
export const incrementalAlterConfigs = handler<typeof IncrementalAlterConfigs>({
  api: IncrementalAlterConfigs,
  handle: async ({ resources, validateOnly }, parts) => ({
    throttleTimeMs: 0,
    responses: await alteredConfigs(
      resources,
      ({ resourceName, configs }, type) => {
        const changes = changesOf(configs);
        if (changes instanceof ApiError) return changes;
        return { resource: { type, name: resourceName }, mode: 'incremental', changes };
      },
      validateOnly,
      parts,
    ),
  }),
  failed: ({ resources }, error) => ({
    throttleTimeMs: 0,
    responses: resources.map(({ resourceType, resourceName }) => ({
      resourceType,
      resourceName,
      ...adminError(error),
    })),
  }),
});

function changesOf(configs: readonly Change[]): readonly ConfigChange[] | ApiError {
  const changes: ConfigChange[] = [];
  for (const { name, configOperation, value } of configs) {
    const operation = OPERATIONS[configOperation];
    if (operation === undefined) {
      return new ApiError('INVALID_REQUEST', `There is no operation ${configOperation}; 0 to 3 are known`);
    }
    changes.push({ name, operation, value });
  }
  return changes;
}
