import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import {
  type AnyApi,
  CreateTopics,
  Envelope,
  FRAME_SIZE_BYTES,
  Metadata,
  decodeResponse,
  encodeRequest,
  errorName,
} from '@trunkline/protocol';
import { type TestCluster, startTestCluster } from '@trunkline/testing';

let cluster: TestCluster;
let active: number;
beforeAll(async () => {
  cluster = await startTestCluster({ nodes: 2, voters: 1 });
  active = cluster.node(2).broker.parts.metadata.role.leaderId;
});
afterAll(() => cluster.stop());

function inside(api: AnyApi, version: number, body: unknown): Uint8Array {
  const chunks = encodeRequest(api, version, { correlationId: 7, clientId: 'client' }, body as never);
  return concatBytes(chunks).subarray(FRAME_SIZE_BYTES);
}

async function send(requestData: Uint8Array, node = active) {
  const request = { requestData, requestPrincipal: null, clientHostAddress: Uint8Array.of(10, 0, 0, 1) };
  const { errorCode, responseData } = await cluster.send(node, Envelope, 0, request);
  return { error: errorName(errorCode), responseData };
}

const wanted = {
  topics: [{ name: 'inside', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 5_000,
  validateOnly: false,
};

describe('Envelope', () => {
  it.each([2, 5, 7])('answers a CreateTopics v%i as the client would be answered', async (version) => {
    const { error, responseData } = await send(inside(CreateTopics, version, { ...wanted, validateOnly: true }));
    expect(error).toBe('NONE');
    const { correlationId, body } = decodeResponse(CreateTopics, version, responseData!);
    expect(correlationId).toBe(7);
    expect(body.topics[0]).toMatchObject({ name: 'inside', errorCode: 0 });
  });

  it('is not answered by a node that does not decide', async () => {
    const standby = active === 1 ? 2 : 1;
    expect((await send(inside(CreateTopics, 7, wanted), standby)).error).toBe('NOT_CONTROLLER');
  });

  it.each([
    ['a request that changes no metadata', () => inside(Metadata, 9, { topics: [] }), 'INVALID_REQUEST'],
    [
      'another envelope',
      () =>
        inside(Envelope, 0, {
          requestData: new Uint8Array(0),
          requestPrincipal: null,
          clientHostAddress: new Uint8Array(4),
        }),
      'INVALID_REQUEST',
    ],
    ['a request that ends too early', () => inside(CreateTopics, 7, wanted).subarray(0, 20), 'INVALID_REQUEST'],
    ['nothing', () => new Uint8Array(0), 'INVALID_REQUEST'],
    [
      'a version that is not served',
      () => {
        const bytes = inside(CreateTopics, 7, wanted).slice();
        bytes[3] = 99;
        return bytes;
      },
      'UNSUPPORTED_VERSION',
    ],
  ])('refuses %s', async (_, bytes, error) => {
    expect((await send(bytes())).error).toBe(error);
  });
});
