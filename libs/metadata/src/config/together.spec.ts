import { describe, expect, it } from '@jest/globals';
import { BROKER_CONFIG_DEFINITIONS } from './broker-configs.js';
import { brokerFault } from './together.js';
import { wholeOf } from './value.js';

function faultOf(set: Readonly<Record<string, string>>): string | undefined {
  return brokerFault((name) => wholeOf(set[name] ?? BROKER_CONFIG_DEFINITIONS.get(name)?.defaultValue ?? '0'));
}

describe('the settings of a broker, taken together', () => {
  it('have defaults that fit', () => {
    expect(faultOf({})).toBe(undefined);
  });

  it('must let a broker speak within its session, and a follower wait within its lag', () => {
    expect(faultOf({ 'broker.heartbeat.interval.ms': '3000' })).toBe(
      'broker.heartbeat.interval.ms (3000) must be less than broker.session.timeout.ms (3000): a broker would be fenced between two heartbeats',
    );
    expect(faultOf({ 'replica.lag.time.max.ms': '400' })).toMatch(/^replica.fetch.wait.max.ms \(500\) must be less/);
    expect(faultOf({ 'replica.socket.timeout.ms': '500' })).toMatch(/replica.socket.timeout.ms \(500\)/);
  });
});
