import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripTypeScriptTypes } from 'node:module';
import { afterAll, describe, expect, it } from '@jest/globals';

describe('a process that ends with its parent', () => {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-parent-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const source = stripTypeScriptTypes(readFileSync(new URL('./end-with-parent.ts', import.meta.url), 'utf8'));

  /** Runs `body` after `endWithParent(200)`, as a child with or without a channel. */
  function start(body: string, channel: 'ipc' | 'ignore'): ChildProcess {
    const file = join(dir, `${Math.random()}.mjs`);
    writeFileSync(file, `${source}\nendWithParent(200);\n${body}`);
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    return spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit', channel], env });
  }

  const stays = "setInterval(() => {}, 1_000); process.stdout.write('up\\n');";

  it('gets SIGTERM and may end in order when the channel closes', async () => {
    const child = start(`process.on('SIGTERM', () => process.exit(7)); ${stays}`, 'ipc');
    await once(child.stdout!, 'data');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('is killed when it does not end in time', async () => {
    const child = start(`process.on('SIGTERM', () => {}); ${stays}`, 'ipc');
    await once(child.stdout!, 'data');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  it('may write to pipes that nobody reads any more on its way out', async () => {
    const writes =
      "process.on('SIGTERM', () => { process.stdout.write('bye\\n'); setTimeout(() => process.exit(7), 50); });";
    const child = start(`${writes} ${stays}`, 'ipc');
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('ends as ever when it has nothing to do, with a channel or without', async () => {
    for (const channel of ['ipc', 'ignore'] as const) {
      expect(await once(start('', channel), 'exit')).toEqual([0, null]);
    }
  });
});
