import { ApiError } from '@trunkline/kernel';
import {
  FindCoordinator,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  errorCode,
} from '@trunkline/protocol';
import type { Parts } from '../parts.js';
import { handler } from '../server/handler.js';
import { partitionError } from './partition-error.js';

const KEY_TYPES = { group: 0, transaction: 1, share: 2 } as const;

/** From here on a request may name several keys (KIP-699). */
const BATCH_SINCE = 4;

type Coordinator = NonNullable<FindCoordinatorResponse['coordinators']>[number];

/**
 * FindCoordinator (10), versions 0 to 6: where the coordinator of a group is, on the listener that asked.
 *
 * The first question makes `__consumer_offsets` and is answered when it is there; Kafka answers
 * COORDINATOR_NOT_AVAILABLE until then, and does it for ever for a client that does not retry. An empty group id has a
 * coordinator, too. One key up to version 3, several with an error each from 4 on.
 *
 * Not done: coordinators of transactions (1) and of share groups (2). They are INVALID_REQUEST, as Kafka says of share
 * groups that are switched off, so that a client fails at once instead of asking for ever.
 */
export const findCoordinator = handler({
  api: FindCoordinator,
  async handle(request, parts, { apiVersion, listenerName }) {
    if (apiVersion < BATCH_SINCE) return single(await find(request.key, request.keyType, parts, listenerName));
    const coordinators: Coordinator[] = [];
    for (const key of request.coordinatorKeys) {
      coordinators.push(await find(key, request.keyType, parts, listenerName));
    }
    return { coordinators };
  },
  failed: (request, error, { apiVersion }) => {
    if (apiVersion < BATCH_SINCE) return single(refused(request.key, error));
    return { coordinators: keysOf(request).map((key) => refused(key, error)) };
  },
});

function keysOf({ coordinatorKeys }: FindCoordinatorRequest): readonly string[] {
  return coordinatorKeys;
}

async function find(key: string, keyType: number, parts: Parts, listenerName: string): Promise<Coordinator> {
  try {
    if (keyType !== KEY_TYPES.group) throw new ApiError('INVALID_REQUEST', notServed(keyType));
    const { nodeId, host, port } = await parts.groups.find(key, listenerName);
    return { key, errorCode: 0, errorMessage: '', nodeId, host, port };
  } catch (reason) {
    return refused(key, partitionError(reason));
  }
}

function notServed(keyType: number): string {
  if (keyType === KEY_TYPES.transaction) return 'this broker does not serve transactions yet';
  if (keyType === KEY_TYPES.share) return 'this broker does not serve share groups yet';
  return `there is no coordinator type ${keyType}`;
}

function refused(key: string, error: ApiError): Coordinator {
  return { key, errorCode: errorCode(error.code), errorMessage: error.detail, nodeId: -1, host: '', port: -1 };
}

/** Up to version 3 success is told as the text NONE, as Kafka does. */
function single(found: Coordinator): FindCoordinatorResponse {
  const { errorCode: code, errorMessage, nodeId, host, port } = found;
  return { errorCode: code, errorMessage: code === 0 ? 'NONE' : (errorMessage ?? null), nodeId, host, port };
}
