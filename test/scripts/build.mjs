// Builds the contracts (protobuf) and every lib and app. Fast when nothing has changed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
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
run('node_modules/typescript/bin/tsc', ['-b']);
run('apps/broker/bundle.mjs', []);
