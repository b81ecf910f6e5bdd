// Builds the contracts (protobuf) and every lib and app. Fast when nothing has changed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const run = (file, args) => {
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
const buf = 'node_modules/@bufbuild/buf/bin/buf';

/** The newest change below a folder, ms; 0 when it is missing. */
const newest = (folder) =>
  existsSync(folder)
    ? Math.max(
        0,
        ...readdirSync(folder, { recursive: true }).map((name) => {
          const stat = statSync(join(folder, name));
          return stat.isFile() ? stat.mtimeMs : 0;
        }),
      )
    : 0;

/** Written after each build that went through: what is older than it needs no other. */
const stamp = 'node_modules/.cache/trunkline-build';
const sources = ['libs', 'apps'].flatMap((kind) => readdirSync(kind).map((name) => `${kind}/${name}`));
const builtMs = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
const isBuilt = sources.every((folder) => existsSync(`${folder}/dist`) && newest(`${folder}/src`) < builtMs);
const isConfigured = ['proto', 'test/scripts'].every((folder) => newest(folder) < builtMs);
if (!isBuilt || !isConfigured || statSync('tsconfig.json').mtimeMs > builtMs) build();

function build() {
  for (const app of ['email', 'query']) {
    const out = `apps/${app}/src/gen`;
    if (newest(out) > newest(`proto/trunkline/${app}`)) continue;
    const plugin = {
      local: ['node', 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es'],
      out,
      opt: ['target=ts', 'import_extension=js'],
    };
    const template = JSON.stringify({ version: 'v2', clean: true, plugins: [plugin] });
    run(buf, ['generate', 'proto', '--path', `proto/trunkline/${app}`, '--template', template]);
  }
  const compiledAt = new Date(); // What changes from here on is not surely in this build.
  run('node_modules/typescript/bin/tsc', ['-b']);
  run('test/scripts/bundle-libs.mjs', []);
  run('apps/broker/bundle.mjs', []);
  mkdirSync('node_modules/.cache', { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, compiledAt, compiledAt);
}
