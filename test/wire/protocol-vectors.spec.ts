import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import * as kernel from '@trunkline/kernel';
import * as platform from '@trunkline/platform';
import * as protocol from '@trunkline/protocol';
import * as records from '@trunkline/records';
import { checkFolder } from './vectors/folder.mjs';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GOLDEN = here('./golden');
const PUBLISHED = here('../../../shared/kafka-messages/vectors');
const libs = { protocol, kernel, records, platform };

/** The golden folder with one line of one file changed, removed afterwards. */
function withChangedLine<T>(file: string, change: (line: string) => string, run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-vectors-'));
  try {
    copyFileSync(join(GOLDEN, file), join(folder, file));
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    lines[0] = change(lines[0]!);
    writeFileSync(join(folder, file), lines.join('\n'));
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('vectors of the protocol', () => {
  it('reads and writes the golden bytes of every message', () => {
    const { count, differing } = checkFolder(GOLDEN, libs);
    expect(differing).toEqual([]);
    expect(count).toBeGreaterThan(900);
  });

  it('reads and writes every published vector, when they are there', () => {
    if (!existsSync(PUBLISHED)) {
      console.log(`${PUBLISHED} is absent: proven by the golden bytes alone`);
      return;
    }
    const { count, differing } = checkFolder(PUBLISHED, libs);
    expect(differing).toEqual([]);
    expect(count).toBeGreaterThan(7000);
  });

  it('refuses what is malformed at once, whatever its lengths claim', () => {
    const folder = existsSync(PUBLISHED) ? PUBLISHED : GOLDEN;
    const lines = readFileSync(join(folder, 'malformed.jsonl'), 'utf8').trim().split('\n');
    const bodies = lines.map((line) => JSON.parse(line) as { name: string; version: number; hex: string });
    const messages = new Map(
      protocol.APIS.flatMap(({ request, response }) => [request, response]).map((m) => [m.name, m]),
    );
    const slowest = bodies.map(({ name, version, hex }) => {
      const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
      const begun = process.hrtime.bigint();
      expect(() => protocol.decodeBody(messages.get(name)!, version, bytes)).toThrow('MALFORMED');
      return Number(process.hrtime.bigint() - begun) / 1e6;
    });
    slowest.sort((left, right) => left - right);
    expect(slowest[Math.floor(slowest.length * 0.9)]).toBeLessThan(5);
  });

  it('names a vector whose bytes differ', () => {
    const { differing } = withChangedLine(
      'murmur2.jsonl',
      (line) => line.replace('"murmur2":', '"murmur2":1'),
      (folder) => checkFolder(folder, libs),
    );
    expect(differing).toEqual([
      { file: 'murmur2.jsonl', line: 1, why: expect.stringContaining('.hash: 275646681 <>') },
    ]);
  });

  it('names a message whose bytes do not end where they should', () => {
    const { differing } = withChangedLine(
      'messages.jsonl',
      (line) => line.replace(/("hex":".*)"/, (_line, hex: string) => `${hex}00"`),
      (folder) => checkFolder(folder, libs),
    );
    expect(differing).toEqual([{ file: 'messages.jsonl', line: 1, why: expect.stringContaining('behind the end') }]);
  });
});
