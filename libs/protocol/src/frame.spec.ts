import { describe, expect, it } from '@jest/globals';
import { concatBytes } from '@trunkline/kernel';
import { errorCode } from './error-codes.js';
import { decodeRequestBody, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frame.js';
import { Produce } from './messages/00-produce.js';
import { Fetch } from './messages/01-fetch.js';
import { ApiVersions } from './messages/18-api-versions.js';

const hex = (chunks: readonly Uint8Array[]): string => Buffer.from(concatBytes(chunks)).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const withoutSize = (chunks: readonly Uint8Array[]): Uint8Array => concatBytes(chunks).subarray(4);
const header = { correlationId: 7, clientId: 'c' };

describe('frames', () => {
  it('carry a request to the broker and its answer back', () => {
    const records = new Uint8Array(1000).fill(9);
    const frame = encodeRequest(Produce, 9, header, {
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
    });
    expect(frame).toContain(records);
    expect(concatBytes(frame).length).toBe(4 + new DataView(frame[0]!.buffer, frame[0]!.byteOffset).getInt32(0));
    const { api, apiVersion, body, ...rest } = decodeRequestHeader(withoutSize(frame));
    expect({ key: api.key, apiVersion, ...rest }).toEqual({ key: 0, apiVersion: 9, ...header });
    expect(decodeRequestBody(Produce, apiVersion, body)).toEqual({
      transactionalId: null,
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionData: [{ index: 0, records }] }],
    });
    const answer = encodeResponse(Produce, 9, 7, { responses: [] });
    expect(decodeResponse(Produce, 9, withoutSize(answer))).toEqual({
      correlationId: 7,
      body: { responses: [], throttleTimeMs: 0, nodeEndpoints: [] },
    });
  });

  it('keep the client id classic in header version 2', () => {
    expect(hex(encodeRequest(ApiVersions, 3, header, { clientSoftwareName: 'n', clientSoftwareVersion: '1' }))).toBe(
      '00000011' + '0012' + '0003' + '00000007' + '0001' + '63' + '00' + '026e' + '0231' + '00',
    );
  });

  it('answer ApiVersions without a tag section in the header, in every version', () => {
    const chunks = encodeResponse(ApiVersions, 4, 7, { errorCode: 0, apiKeys: [] });
    expect(hex(chunks).startsWith('0000000c' + '00000007' + '0000' + '01')).toBe(true);
  });

  it('read the refusal of an ApiVersions version as what it is', () => {
    const refusal = {
      errorCode: errorCode('UNSUPPORTED_VERSION'),
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
    };
    const frame = withoutSize(encodeResponse(ApiVersions, 0, 7, refusal));
    expect(decodeResponse(ApiVersions, 4, frame).body).toMatchObject(refusal);
  });

  it('leave a version that is not known to whoever answers', () => {
    const { api, apiVersion, body } = decodeRequestHeader(bytes('0012006300000007000663' + '6c69656e7400'));
    expect([api.name, apiVersion]).toEqual(['ApiVersions', 99]);
    expect(() => decodeRequestBody(ApiVersions, 99, body)).toThrow('UNSUPPORTED_VERSION');
  });

  it('refuse unknown keys and headers that are cut short', () => {
    expect(() => decodeRequestHeader(bytes('0004000000000001ffff'))).toThrow(
      'UNSUPPORTED_VERSION: no api has the key 4',
    );
    expect(() => decodeRequestHeader(bytes('7fff000000000001ffff'))).toThrow('no api has the key 32767');
    expect(() => decodeRequestHeader(bytes('0000'))).toThrow('MALFORMED');
    expect(() => decodeRequestHeader(bytes('0000000900000001000563'))).toThrow('MALFORMED');
    expect(() => decodeRequestHeader(bytes('000000090000000100016300'.slice(0, 22)))).toThrow('MALFORMED');
  });

  it('bound the tag section of a header, which is read before anybody has logged in', () => {
    const start = '000000090000000100016' + '3';
    expect(() => decodeRequestHeader(bytes(`${start}ffffffff07`))).toThrow('tagged fields, at most 128 are read');
  });

  it('count what is referenced into the size', () => {
    const records = new Uint8Array(70_000);
    const chunks = encodeResponse(Fetch, 4, 1, {
      throttleTimeMs: 0,
      responses: [
        {
          topic: 't',
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              highWatermark: 1,
              abortedTransactions: null,
              records: [records, records],
            },
          ],
        },
      ],
    });
    expect(new DataView(concatBytes(chunks).buffer).getInt32(0)).toBe(concatBytes(chunks).length - 4);
    expect(chunks.filter((chunk) => chunk === records)).toHaveLength(2);
  });
});
