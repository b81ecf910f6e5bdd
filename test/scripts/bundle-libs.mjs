// Puts each lib's modules into one file, dist/bundle/index.js, which is what `import '@trunkline/x'` loads: Node then
// reads a dozen modules instead of five hundred, and a service starts a quarter of a second earlier. Libs stay apart, so
// that there is one of each; what is imported lazily stands in files of its own.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

/** Only tests import it, by its sources. */
const NOT_BUNDLED = new Set(['testing']);

await Promise.all(
  readdirSync('libs')
    .filter((name) => !NOT_BUNDLED.has(name) && existsSync(`libs/${name}/dist/index.js`))
    .map((name) => bundle(`libs/${name}/dist/`)),
);

async function bundle(dist) {
  await build({
    entryPoints: [`${dist}index.js`],
    outdir: `${dist}bundle.new`,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  });
  // In one step: a process that starts meanwhile reads the old one or the new one.
  rmSync(`${dist}bundle`, { recursive: true, force: true });
  renameSync(`${dist}bundle.new`, `${dist}bundle`);
}
