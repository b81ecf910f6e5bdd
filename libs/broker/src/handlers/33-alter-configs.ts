import { AlterConfigs } from '@trunkline/protocol';
import { handler } from '../server/handler.js';
import { adminError } from './admin-error.js';
import { alteredConfigs } from './altered-configs.js';

/**
 * AlterConfigs (33), v0 to v2: replaces everything that was set on a resource; what is not named goes back to its
 * default (semantics, item 169). In force when answered.
 *
 * A broker config that cannot change at run time may be written back with the value it has (item 167); Kafka refuses
 * that too.
 */
export const alterConfigs = handler<typeof AlterConfigs>({
  api: AlterConfigs,
  handle: async ({ resources, validateOnly }, parts) => ({
    throttleTimeMs: 0,
    responses: await alteredConfigs(
      resources,
      ({ resourceName, configs }, type) => ({
        resource: { type, name: resourceName },
        mode: 'replace',
        changes: configs.map(({ name, value }) => ({ name, operation: 'set', value })),
      }),
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
