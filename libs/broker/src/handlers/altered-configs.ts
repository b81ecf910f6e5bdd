import { ApiError } from '@trunkline/kernel';
import { CONFIG_RESOURCE_TYPES, type ConfigAlteration, type ConfigResourceType } from '@trunkline/metadata';
import type { Parts } from '../parts.js';
import { adminError, type AdminError } from './admin-error.js';
import { CHANGED_MAX, refuseLarge } from './request-size.js';

/** A resource as AlterConfigs and IncrementalAlterConfigs name it. */
export interface NamedResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What both of them answer for a resource. */
export type AlteredAnswer = NamedResource & AdminError;

/**
 * Changes configs, each resource for itself, and answers in the order of the request. A resource that stands twice is
 * INVALID_REQUEST in each place; so is one of a type nobody knows.
 */
export async function alteredConfigs<Resource extends NamedResource>(
  resources: readonly Resource[],
  alterationOf: (resource: Resource, type: ConfigResourceType) => ConfigAlteration | ApiError,
  validateOnly: boolean,
  { metadata }: Parts,
): Promise<readonly AlteredAnswer[]> {
  refuseLarge(resources.length, CHANGED_MAX);
  const times = new Map<string, number>();
  for (const resource of resources) times.set(keyOf(resource), (times.get(keyOf(resource)) ?? 0) + 1);
  const judged = resources.map((resource, place) => {
    if (times.get(keyOf(resource)) !== 1) {
      return new ApiError(
        'INVALID_REQUEST',
        `The resource stands more than once in the request, at place ${place} too`,
      );
    }
    const type = Object.values(CONFIG_RESOURCE_TYPES).find((known) => known === resource.resourceType);
    if (type !== undefined) return alterationOf(resource, type);
    return new ApiError('INVALID_REQUEST', `There are no resources of type ${resource.resourceType}`);
  });
  const alterations = judged.flatMap((one) => (one instanceof ApiError ? [] : [one]));
  const outcomes = await metadata.submit((controller) => controller.alterConfigs(alterations, { validateOnly }));
  const errors = new Map(outcomes.map(({ resource, error }) => [resource, error]));
  return resources.map(({ resourceType, resourceName }, place) => {
    const one = judged[place];
    const error = one instanceof ApiError ? one : one && errors.get(one.resource);
    return { resourceType, resourceName, ...adminError(error) };
  });
}

function keyOf({ resourceType, resourceName }: NamedResource): string {
  return `${resourceType}:${resourceName}`;
}
