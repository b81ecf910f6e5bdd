import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiVersions } from '@trunkline/protocol';
import { type TestBroker, startTestBroker } from '@trunkline/testing';
import { handler } from './index.js';

let broker: TestBroker | undefined;
afterEach(() => broker?.stop());

const versions = handler({
  api: ApiVersions,
  handle: () => ({ errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }),
  failed: () => ({ errorCode: -1, apiKeys: [] }),
});

describe('a broker', () => {
  it('answers over a link inside the process', async () => {
    broker = await startTestBroker({ handlers: [versions] });
    const answer = await broker.send(ApiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
  });

  it('starts again on its directory, and refuses a second broker there', async () => {
    broker = await startTestBroker({ handlers: [versions] });
    await expect(startTestBroker({ dataDir: broker.dataDir })).rejects.toThrow('another process uses it');
    const { clusterId } = broker.broker.parts.metadata.image;
    await broker.restart();
    expect(broker.broker.parts.metadata.image.clusterId).toBe(clusterId);
    await broker.send(ApiVersions, 0, {});
  });
});
