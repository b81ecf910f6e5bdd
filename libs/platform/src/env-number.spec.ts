import { describe, expect, it } from '@jest/globals';
import { envNumber } from './env-number.js';

const port = (value: string | undefined): number => envNumber({ PORT: value }, 'PORT', 3001, 1, 65_535);

describe('a number from the environment', () => {
  it.each([
    ['80', 80],
    [' 80 ', 80],
    ['1', 1],
    ['65535', 65_535],
    ['', 3001],
    ['  ', 3001],
    [undefined, 3001],
  ])('reads %j as %d', (text, value) => {
    expect(port(text)).toBe(value);
  });

  it('reads a number below zero where one is allowed', () => {
    expect(envNumber({ N: '-5' }, 'N', 0, -10, 10)).toBe(-5);
  });

  it.each(['0', '65536', '80.5', '80.0', '8e1', '0x50', 'eighty', '-1', '80,81', 'NaN', 'Infinity'])(
    'refuses %j and says what is wanted',
    (text) => {
      expect(() => port(text)).toThrow(`PORT=${text}: a whole number from 1 to 65535 is wanted`);
    },
  );
});
