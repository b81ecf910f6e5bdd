import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, errorCode, errorName, isErrorName, isRetriable } from './error-codes.js';

describe('error codes', () => {
  it('have one number a name and one name a number', () => {
    const codes = Object.values(ERROR_CODES).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const [name, { code, retriable }] of Object.entries(ERROR_CODES)) {
      expect([errorCode(name), errorName(code), isRetriable(code)]).toEqual([code, name, retriable]);
    }
  });

  it('tell what is not Kafka’s as UNKNOWN_SERVER_ERROR', () => {
    expect(errorCode('MALFORMED')).toBe(-1);
    expect(errorCode('toString')).toBe(-1);
    expect(errorName(9999)).toBe('UNKNOWN_SERVER_ERROR');
    expect([isErrorName('NONE'), isErrorName('constructor'), isRetriable(9999)]).toEqual([true, false, false]);
  });
});
