import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { nodeVersionFault } from './node-version.js';

describe('the version of Node', () => {
  it.each(['22.22.0', '22.23.1', '23.0.0', '24.21.0', '100.1.0'])('%s is new enough', (version) => {
    expect(nodeVersionFault(version)).toBeUndefined();
  });

  it.each(['18.0.0', '20.20.2', '22.21.9'])('%s is too old', (version) => {
    expect(nodeVersionFault(version)).toBe(`Node ${version} is too old: start the application with 22.22 or newer`);
  });

  it('is the one that package.json asks for', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      engines: { node: string };
    };
    expect(engines.node).toBe('>=22.22');
  });
});
