import { ApiError } from '@trunkline/kernel';
import type { CreateTopics as MakeTopics, MetadataManager, NewTopic } from '@trunkline/metadata';
import { CreateTopics, errorName } from '@trunkline/protocol';
import type { Asked } from '../peers/peers.js';
import type { Forwarding } from '../handlers/forwarded.js';
import type { ActiveController } from './active-controller.js';

type Answer = { readonly topics: readonly { name: string; errorCode: number; errorMessage: string | null }[] };

const VERSION = CreateTopics.versions[1];
/** As a client that waits so long would ask. */
const TIMEOUT_MS = 10_000;

/** On whose behalf: this broker's own. */
const OWN = {
  apiVersion: VERSION,
  correlationId: 0,
  clientId: null,
  clientHost: '/127.0.0.1',
  listenerName: '',
  connectionId: -1,
  closed: new AbortController().signal,
};

/** Topics that this broker wants are made by the active controller, wherever it is, and known everywhere afterwards. */
export function createTopicsAnywhere(
  metadata: MetadataManager,
  active: ActiveController,
  forwarding: Forwarding,
): MakeTopics {
  return async (wanted) => {
    if (metadata.role.isActive) {
      const outcomes = await metadata.submit((controller) => controller.createTopics(wanted));
      await active.appliedEverywhere();
      return outcomes;
    }
    const answer = (await forwarding.forward(CreateTopics, requestOf(wanted), OWN)) as Answer;
    return answer.topics.map(({ name, errorCode, errorMessage }) => ({
      name,
      error: errorCode === 0 ? undefined : new ApiError(errorName(errorCode), errorMessage ?? ''),
    }));
  };
}

function requestOf(wanted: readonly NewTopic[]): Asked<typeof CreateTopics> {
  return {
    topics: wanted.map(({ name, partitionCount, replicationFactor, assignments, configs }) => ({
      name,
      numPartitions: partitionCount,
      replicationFactor,
      assignments,
      configs,
    })),
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  };
}
