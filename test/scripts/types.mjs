// Checks types of the whole tree, specs included, against the sources of the libs (no build needed).
// `npm run types` everything; `npm run types -- libs/log` only what is said about that folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const wanted = process.argv.slice(2);
let project = 'test/tsconfig.json';
if (wanted.length > 0) {
  mkdirSync('node_modules/.cache', { recursive: true });
  project = `node_modules/.cache/types-${wanted.join('-').replaceAll('/', '_')}.json`;
  const include = wanted.map((folder) => `${resolve(folder)}/**/*.ts`);
  const exclude = wanted.map((folder) => `${resolve(folder)}/dist`);
  writeFileSync(project, JSON.stringify({ extends: resolve('test/tsconfig.json'), include, exclude }));
}
const { stdout, status } = spawnSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', project, '--pretty', 'false'],
  {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  },
);
const lines = stdout
  .split('\n')
  .filter((line) => wanted.length === 0 || wanted.some((folder) => line.startsWith(folder)));
process.stdout.write(lines.join('\n'));
process.exit(wanted.length === 0 ? status : lines.some((line) => line.includes('error TS')) ? 1 : 0);
