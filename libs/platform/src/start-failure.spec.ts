import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { envNumber } from './env-number.js';
import { startFailure } from './start-failure.js';

const failureOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (reason) {
    return startFailure(reason, 'SHOP_PORT');
  }
  throw new Error('nothing failed');
};

describe('why a program could not start', () => {
  it('is a sentence where the environment is at fault', async () => {
    expect(await failureOf(() => envNumber({ SHOP_PORT: 'x' }, 'SHOP_PORT', 1, 1, 9))).toBe(
      'SHOP_PORT=x: a whole number from 1 to 9 is wanted',
    );
  });

  it('says which port is taken, and how to choose another', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const address = first.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const said = await failureOf(() => once(createServer().listen(port, '127.0.0.1'), 'listening'));
    first.close();
    expect(said).toBe(`port ${port} is taken: choose another with SHOP_PORT`);
  });

  it('is all that is known where nobody foresaw it', async () => {
    const denied = Object.assign(new Error('EACCES: permission denied, mkdir /x'), { code: 'EACCES' });
    expect(await failureOf(() => Promise.reject(denied))).toContain('start-failure.spec');
    expect(await failureOf(() => Promise.reject(new TypeError('x is undefined')))).toMatch(/TypeError: x is.*\n +at /);
    expect(startFailure('gone', 'X')).toBe('gone');
  });
});
