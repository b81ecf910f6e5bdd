import { ApiVersions, Heartbeat, Metadata } from '@trunkline/protocol';
import type { Conversation } from '../conversation.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';

/** APIs that Apache Kafka shows and this broker does not have yet, or by its features. */
const NOT_YET = ['apiKeys', 'supportedFeatures', 'finalizedFeatures', 'finalizedFeaturesEpoch'];

const software = { clientSoftwareName: 'differential', clientSoftwareVersion: '1.0' };

/** A frame with its size in front. */
function framed(...bytes: number[]): Uint8Array {
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setInt32(0, bytes.length);
  frame.set(bytes, 4);
  return frame;
}

const closes =
  (bytes: Uint8Array) =>
  async (on: Conversation): Promise<void> => {
    await on.throws(await on.connect(), 'bytes', bytes);
  };

export const CONNECTION: readonly Scenario[] = [
  ...everyVersion('connection', ApiVersions, [0, 4], 'answers', async (on, version) => {
    await on.ask(await on.connect(), 'versions', ApiVersions, version, software, { differs: NOT_YET });
  }),
  ...scenarios('connection', {
    'ApiVersions shows the same range of every API that we have': async (on) => {
      const client = await on.connect();
      const answer = await client.send(ApiVersions, 3, software);
      const ours = new Set([
        0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 32, 33, 35, 37, 42, 44, 47, 60, 61, 74,
        75,
      ]);
      on.keep(
        'ranges',
        answer.apiKeys.filter(({ apiKey }) => ours.has(apiKey)).toSorted((a, b) => a.apiKey - b.apiKey),
      );
    },
    'ApiVersions of an unknown version is answered in version 0 with error 35': async (on) => {
      const client = await on.connect();
      // Header version 2: key 18, version 99, correlation id 0, a null client id, no tags.
      client.sendBytes(framed(0, 18, 0, 99, 0, 0, 0, 0, 0xff, 0xff, 0));
      on.keep('refusal', await client.awaitAnswer(0, ApiVersions, 0));
    },
    'a client software name with a wrong letter is INVALID_REQUEST': async (on) => {
      const wrong = { clientSoftwareName: '-differential-', clientSoftwareVersion: '1.0' };
      await on.ask(await on.connect(), 'versions', ApiVersions, 3, wrong, { differs: NOT_YET });
    },
    'a negative size closes the connection': closes(new Uint8Array([0xff, 0xff, 0xff, 0xff])),
    'a size above socket.request.max.bytes closes the connection': closes(new Uint8Array([0x7f, 0xff, 0xff, 0xff])),
    'an unknown API key closes the connection': closes(framed(0x03, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff)),
    'a version beyond the range closes the connection': closes(framed(0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff, 0)),
    'a version below the range closes the connection': closes(framed(0, 1, 0, 3, 0, 0, 0, 1, 0xff, 0xff)),
    'a header without a body closes the connection': closes(framed(0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff)),
    'a header that ends early closes the connection': closes(framed(0, 3, 0)),
    'an array that is longer than the frame closes the connection': closes(
      framed(0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff),
    ),
    'a null where none is allowed closes the connection': closes(
      framed(0, 12, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0),
    ),
    'TLS bytes on a plaintext port close the connection': closes(
      new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
    ),
    'a null client id is fine': async (on) => {
      await on.ask(await on.connect(null), 'versions', ApiVersions, 0, {}, { differs: NOT_YET });
    },
    'requests that were sent at once are answered in their order': async (on) => {
      const client = await on.connect();
      const answers = [
        client.send(Heartbeat, 0, { groupId: 'nobody', generationId: 1, memberId: 'm' }),
        client.send(Metadata, 1, { topics: [] }),
        client.send(Heartbeat, 3, { groupId: 'nobody', generationId: 1, memberId: 'm' }),
      ];
      const order: number[] = [];
      await Promise.all(answers.map((answer, index) => answer.then(() => order.push(index))));
      on.keep('order', order);
    },
  }),
];
