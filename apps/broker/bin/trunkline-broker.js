#!/usr/bin/env node
// Starts what `npm run build` made. Plain JavaScript, so that it can say what is missing.
import { existsSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 22;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** Whether the bundle is younger than every compiled lib: `tsc -b` alone leaves an old one behind. */
function bundleIsFresh() {
  const madeMs = statSync(`${dist}bundle/main.js`, { throwIfNoEntry: false })?.mtimeMs;
  if (madeMs === undefined) return false;
  const built = ['kernel', 'platform', 'records', 'protocol', 'log', 'coordinator', 'metadata', 'broker'];
  const stamps = [`${dist}.tsbuildinfo`, ...built.map((lib) => `${root}libs/${lib}/dist/.tsbuildinfo`)];
  return stamps.every((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= madeMs);
}

const problem =
  Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN
    ? `Node ${process.versions.node} is too old, ${NODE_MAJOR_MIN}.22 or newer is needed; inside the repository use "npm run broker -- ..."`
    : !existsSync(`${dist}main.js`)
      ? `${dist}main.js is missing; run "npm run build" first`
      : undefined;

if (problem === undefined) {
  enableCompileCache(); // Compiled code is kept between starts, in the system's temp directory.
  const { main } = await import(bundleIsFresh() ? '../dist/bundle/main.js' : '../dist/main.js');
  main();
} else {
  process.stderr.write(`trunkline-broker: ${problem}\n`);
  process.exitCode = 1;
}
