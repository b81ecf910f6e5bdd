import { describe, expect, it } from '@jest/globals';
import { CLIENT_DEFAULTS, type ClientOptions, clientConfig } from './config.js';
import { parseAddress, sameAddress, showAddress } from './connection/address.js';

describe('the options of a client', () => {
  it('have defaults, and are frozen', () => {
    const config = clientConfig({ bootstrap: 'a:1' });
    expect(config).toMatchObject(CLIENT_DEFAULTS);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('take several bootstrap addresses as a list or with commas', () => {
    const addresses = [{ host: 'a', port: 1 }, { host: '::1', port: 2 }, { path: '/run/k.sock' }];
    expect(clientConfig({ bootstrap: 'a:1, [::1]:2 ,unix:/run/k.sock,' }).bootstrap).toEqual(addresses);
    expect(clientConfig({ bootstrap: ['a:1', '[::1]:2', 'unix:/run/k.sock'] }).bootstrap).toEqual(addresses);
  });

  it('take undefined for "the default"', () => {
    const options = { bootstrap: 'a:1', requestTimeoutMs: undefined } as unknown as ClientOptions;
    expect(clientConfig(options).requestTimeoutMs).toBe(30_000);
  });

  for (const [name, value] of [
    ['requestTimeoutMs', 0],
    ['requestTimeoutMs', 1.5],
    ['requestTimeoutMs', Number.NaN],
    ['requestTimeoutMs', '5' as unknown as number],
    ['retryBackoffMs', 2 ** 31],
    ['responseBytesMax', 1_023],
    ['clientId', 'x'.repeat(250)],
    ['metadataRecoveryStrategy', 'never'],
    ['bootstrap', ''],
    ['bootstrap', 'a'],
    ['bootstrap', 'a:0'],
    ['bootstrap', 'a:65536'],
    ['bootstrap', '::1:9092'],
    ['bootstrap', 'unix:relative'],
    ['bootstrap', 'http://a:1'],
  ] as const)
    it(`refuse ${name} = ${String(value).slice(0, 20)} and say what is allowed`, () => {
      const refused = (): unknown => clientConfig({ bootstrap: 'a:1', [name]: value });
      expect(refused).toThrow(new RegExp(`^\\[MISUSE\\] ${name} is .*; it must be `));
    });
});

describe('an address', () => {
  it('is shown as it is read', () => {
    for (const text of ['a:1', '10.0.0.1:65535', '[fe80::1%eth0]:9092', 'unix:/run/k.sock'])
      expect(showAddress(parseAddress(text)!)).toBe(text);
  });

  it('is the same as one that is written the same', () => {
    expect(sameAddress({ host: 'a', port: 1 }, { host: 'a', port: 1 })).toBe(true);
    expect(sameAddress({ host: 'a', port: 1 }, { host: 'a', port: 2 })).toBe(false);
    expect(sameAddress({ host: 'a', port: 1 }, { path: '/a' })).toBe(false);
  });
});
