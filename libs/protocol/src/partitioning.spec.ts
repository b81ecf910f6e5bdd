import { describe, expect, it } from '@jest/globals';
import { utf8 } from '@trunkline/kernel';
import { javaHashCode, murmur2, partitionOfGroup, partitionOfKey } from './partitioning.js';

describe('partitioning', () => {
  it('hashes keys as Kafka’s clients do', () => {
    expect(murmur2(utf8(''))).toBe(275646681);
    expect(murmur2(utf8('a'))).toBe(-1563381124);
    expect(partitionOfKey(utf8('a'), 50)).toBe(24);
  });

  it('hashes groups as Kafka’s brokers do', () => {
    expect([javaHashCode(''), javaHashCode('a'), javaHashCode('ab')]).toEqual([0, 97, 3105]);
    expect(partitionOfGroup('a', 50)).toBe(47);
  });

  it('takes the one hash that has no absolute value as 0', () => {
    expect(javaHashCode('polygenelubricants')).toBe(-2147483648);
    expect(partitionOfGroup('polygenelubricants', 50)).toBe(0);
  });
});
