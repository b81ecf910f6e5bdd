import { describe, expect, it } from '@jest/globals';
import { importViolations } from './imports.js';
import { packageViolations, tableViolations } from './packages.js';
import { fileViolations, purityViolations } from './purity.js';
import { readSourceTree, type SourceTree } from './source-tree.js';

const tree = readSourceTree();

describe('the house', () => {
  it('has been read', () => {
    expect(tree.size).toBeGreaterThan(300);
    expect(tree.has('libs/kernel/src/ids.ts')).toBe(true);
  });

  it('has layers without circles, and wings that do not touch', () => {
    expect([...tableViolations()]).toEqual([]);
  });

  it('keeps the layers', () => {
    expect([...importViolations(tree)]).toEqual([]);
  });

  it('keeps the world outside of pure libs', () => {
    expect([...purityViolations(tree)]).toEqual([]);
  });

  it('names in each package.json and tsconfig.json what the package imports', () => {
    expect([...packageViolations(tree)]).toEqual([]);
  });

  it('has files that one can read, and nothing left open', () => {
    expect([...fileViolations(tree)]).toEqual([]);
  });
});

/** A house with one fault. */
function planted(files: Readonly<Record<string, string>>): SourceTree {
  return new Map(Object.entries(files));
}

describe('a planted fault is found', () => {
  it.each<[fault: string, path: string, text: string, said: string]>([
    [
      'a lower lib imports a higher',
      'libs/bus/src/a.ts',
      "import { Raft } from '@trunkline/raft';",
      'may not import raft',
    ],
    [
      'a type is an import too',
      'libs/log/src/a.ts',
      "import type { Api } from '@trunkline/protocol';",
      'may not import protocol',
    ],
    ['so is an export', 'libs/bus/src/a.ts', "export * from '@trunkline/protocol';", 'may not import protocol'],
    ['so is a dynamic import', 'libs/bus/src/a.ts', "await import('@trunkline/log');", 'may not import log'],
    [
      'a path into another lib',
      'libs/bus/src/a.ts',
      "import '../../kernel/src/ids.js';",
      'reaches into kernel by a path; import it by its package name',
    ],
    [
      'a path inside a package',
      'libs/bus/src/a.ts',
      "import '@trunkline/kernel/dist/ids.js';",
      'enters kernel/dist/ids.js by a path inside the package; import @trunkline/kernel',
    ],
    [
      'the own index by path',
      'libs/bus/src/deep/a.ts',
      "import { x } from '../index.js';",
      'imports its own index; import the file',
    ],
    [
      'the own index by name',
      'libs/bus/src/a.ts',
      "import { x } from '@trunkline/bus';",
      'imports its own index; import the file',
    ],
    ['a pure lib imports node', 'libs/kernel/src/ids.ts', "import fs from 'node:fs';", 'is pure, but imports node:fs'],
    [
      'a product imports testing',
      'libs/nest/src/a.ts',
      "import '@trunkline/testing';",
      'may not import testing: only tests do',
    ],
    [
      'an app imports testing',
      'apps/email/src/a.ts',
      "import '@trunkline/testing';",
      'may not import testing: only tests do',
    ],
    [
      'a lib imports an app',
      'libs/nest/src/a.ts',
      "import '@trunkline/email';",
      'may not import email: it is an app, or there is no such lib',
    ],
    [
      'an app imports an app',
      'apps/demo/src/a.ts',
      "import '../../email/src/main.js';",
      'reaches into email by a path; import it by its package name',
    ],
    ['a lib imports a stranger', 'libs/log/src/a.ts', "import _ from 'lodash';", 'may not import lodash'],
    [
      'an app imports what it does not name',
      'apps/email/src/a.ts',
      "import _ from 'lodash/fp';",
      'imports lodash, which its package.json does not name',
    ],
    [
      'so is a type',
      'apps/email/src/a.ts',
      "import type { Reply } from 'fastify';",
      'imports fastify, which its package.json does not name',
    ],
    [
      "and the tests' own lib",
      'libs/testing/src/a.ts',
      "import { it } from '@jest/globals';",
      'imports @jest/globals, which its package.json does not name',
    ],
    [
      'a spec reaches into another lib',
      'libs/log/src/a.spec.ts',
      "import '../../kernel/src/ids.js';",
      'reaches into kernel by a path; import it by its package name',
    ],
  ])('%s', (_fault, path, text, said) => {
    expect([...importViolations(planted({ [path]: text }))]).toEqual([`${path}: ${said}`]);
  });

  it('and nothing that is allowed is', () => {
    const allowed = planted({
      'libs/broker/src/a.ts': "import '@trunkline/raft'; import './b.js';",
      'libs/broker/src/a.spec.ts': "import '@trunkline/testing'; import 'fast-check'; import '../test/fixture.js';",
      'libs/platform/src/a.ts': "import 'node:fs';",
      'apps/email/src/a.ts': "import '@trunkline/nest'; import 'node:fs'; import 'lodash/fp';",
      'apps/email/package.json': '{ "dependencies": { "lodash": "1" } }',
    });
    expect([...importViolations(allowed)]).toEqual([]);
  });

  it.each([
    ['const t = Date.now();', 'Date.now'],
    ['const t = new Date();', 'Date.new'],
    ['const d = Math.random();', 'Math.random'],
    ['setTimeout(run, 1);', 'setTimeout'],
    ['const later = setImmediate;', 'setImmediate'],
    ['const at = performance.now();', 'performance'],
    ['if (process.env.X) run();', 'process'],
    ['const world = { process };', 'process'],
    ['const id = crypto.randomUUID();', 'crypto'],
    ['const bytes = Buffer.from(text);', 'Buffer'],
    ['console.log(1);', 'console'],
    ['await Promise.race([AbortSignal.timeout(1)]);', 'AbortSignal.timeout'],
  ])('a pure lib says %j', (text, said) => {
    expect([...purityViolations(planted({ 'libs/raft/src/a.ts': text }))]).toEqual([
      `libs/raft/src/a.ts: is pure, but says ${said}`,
    ]);
    expect([...purityViolations(planted({ 'libs/platform/src/a.ts': text }))]).toEqual([]);
    expect([...purityViolations(planted({ 'libs/raft/src/a.spec.ts': text }))]).toEqual([]);
  });

  it('but words in comments, texts, keys and members are no names of the world', () => {
    const text = `
      import { fetch } from './01-fetch.js';
      /** See {@link require}. */
      export const handlers = [fetch];
      // process, setTimeout, Date.now()
      const said = 'Buffer.from' + \`crypto\`;
      const row = { process: 1, fetch: said };
      interface Port { fetch(process: number): void; readonly console: string }
      export class Partition { fetch(): Date { return new Date(row.process); } }
      queueMicrotask(() => this.process.fetch());`;
    expect([...purityViolations(planted({ 'libs/raft/src/a.ts': text }))]).toEqual([]);
  });

  it.each<[said: string, files: Readonly<Record<string, string>>]>([
    [
      'libs/bus/package.json: names raft, which it may not import',
      { 'libs/bus/package.json': '{ "dependencies": { "@trunkline/raft": "0" } }' },
    ],
    [
      'libs/bus/package.json: names kernel, which no file imports',
      { 'libs/bus/package.json': '{ "dependencies": { "@trunkline/kernel": "0" } }' },
    ],
    [
      'libs/bus/package.json: does not name kernel, which it imports',
      {
        'libs/bus/package.json': '{}',
        'libs/bus/tsconfig.json': '{ "references": [{ "path": "../kernel" }] }',
        'libs/bus/src/a.ts': "import '@trunkline/kernel';",
      },
    ],
    [
      'libs/bus/tsconfig.json: has no reference to kernel',
      {
        'libs/bus/package.json': '{ "dependencies": { "@trunkline/kernel": "0" } }',
        'libs/bus/src/a.ts': "import '@trunkline/kernel';",
      },
    ],
    [
      'apps/shop/package.json: does not name kernel, which it imports',
      {
        'apps/shop/package.json': '{}',
        'apps/shop/tsconfig.json': '{ "references": [{ "path": "../../libs/kernel" }] }',
        'apps/shop/src/a.ts': "import '@trunkline/kernel';",
      },
    ],
    [
      'apps/shop/tsconfig.json: has no reference to kernel',
      {
        'apps/shop/package.json': '{ "dependencies": { "@trunkline/kernel": "0" } }',
        'apps/shop/src/a.ts': "import type { Offset } from '@trunkline/kernel';",
      },
    ],
    [
      'apps/shop/package.json: names bus, which no file imports',
      { 'apps/shop/package.json': '{ "dependencies": { "@trunkline/bus": "0" } }' },
    ],
    [
      'libs/testing/package.json: names log, which no file imports',
      { 'libs/testing/package.json': '{ "dependencies": { "@trunkline/log": "0" } }' },
    ],
    ['libs/news/package.json: the table of layers has no row for news', { 'libs/news/package.json': '{}' }],
  ])('%s', (said, files) => {
    expect([...packageViolations(planted(files))]).toEqual([said]);
  });

  it.each([
    ['libs/log/src/a.ts', 'line\n'.repeat(401), 'has 401 lines, 400 are allowed'],
    ['test/wire/a.spec.ts', 'line\n'.repeat(401), 'has 401 lines, 400 are allowed'],
    ['libs/log/src/a.ts', '// @ts-ignore\n', 'holds @ts-ignore'],
    ['apps/email/src/a.ts', '// TODO later\n', 'holds TODO'],
    ['libs/log/src/a.ts', '/* eslint-disable no-console */\n', 'holds eslint-disable'],
  ])('in %s: %j', (path, text, said) => {
    expect([...fileViolations(planted({ [path]: text }))]).toEqual([`${path}: ${said}`]);
  });
});
