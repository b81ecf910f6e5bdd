import { type Decoded, DescribeConfigs } from '@trunkline/protocol';
import { type RawClient, until } from '@trunkline/testing';
import type { Conversation } from './conversation.js';

export const TOPIC = 2;
export const BROKER = 4;
export const BROKER_LOGGER = 8;
export const CLIENT_METRICS = 16;
export const GROUP = 32;
export const NODE_ID = '1';

export const SET = 0;
export const DELETE = 1;
export const APPEND = 2;
export const SUBTRACT = 3;

export type Described = Decoded<(typeof DescribeConfigs)['response']>;

export const describeBody = (
  resourceType: number,
  resourceName: string,
  configurationKeys: readonly string[] | null,
) => ({
  resources: [{ resourceType, resourceName, configurationKeys }],
  includeSynonyms: true,
  includeDocumentation: false,
});

/** Ours alone, and one that differs by a feature (see below): left out where all configs are compared. */
export const OTHER_CONFIGS = new Set(['trunkline.flush', 'min.insync.replicas']);

/** Described configs whose order means nothing. */
export const ANY_ORDER = { unordered: ['configs'] };

export const describe = (
  on: Conversation,
  client: RawClient,
  type: number,
  name: string,
  keys: readonly string[] | null,
) => on.ask(client, `configs of ${type}`, DescribeConfigs, 4, describeBody(type, name, keys), ANY_ORDER);

/** Waits until a topic's config reads so, as preparation. */
export async function reads(client: RawClient, type: number, name: string, key: string, value: string): Promise<void> {
  await until(`${name} has ${key}=${value}`, async () => {
    const { results } = await client.send(DescribeConfigs, 4, describeBody(type, name, [key]));
    return results[0]?.configs[0]?.value === value;
  });
}

export type Change = readonly [name: string, operation: number, value: string | null];

export const changeBody = (
  resourceType: number,
  resourceName: string,
  changes: readonly Change[],
  validateOnly = false,
) => ({
  resources: [
    {
      resourceType,
      resourceName,
      configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
    },
  ],
  validateOnly,
});

export const setBody = (
  resourceType: number,
  resourceName: string,
  values: Readonly<Record<string, string | null>>,
) => ({
  resources: [
    { resourceType, resourceName, configs: Object.entries(values).map(([name, value]) => ({ name, value })) },
  ],
  validateOnly: false,
});
