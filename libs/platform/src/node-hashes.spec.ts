import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { nodeScramHashes } from './node-hashes.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('nodeScramHashes', () => {
  it('hashes as FIPS 180 says', () => {
    expect(hex(nodeScramHashes.hash('sha256', utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('keys a hash as RFC 4231 says', () => {
    const mac = nodeScramHashes.hmac('sha256', utf8('Jefe'), utf8('what do ya want for nothing?'));
    expect(hex(mac)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('derives keys as RFC 7914 says, however many are wanted at once', async () => {
    const derive = () => nodeScramHashes.pbkdf2('sha256', utf8('passwd'), utf8('salt'), 1);
    const keys = await Promise.all([derive(), derive(), derive(), derive(), derive()]);
    for (const key of keys) expect(hex(key)).toBe('55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc');
  });

  it('derives 64 bytes for SHA-512', async () => {
    expect(await nodeScramHashes.pbkdf2('sha512', utf8('a'), utf8('b'), 10)).toHaveLength(64);
  });
});
