// Builds the contracts (protobuf) and every lib and app. Fast when nothing has changed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const run = (file, args) => execFileSync(process.execPath, [file, ...args], { stdio: 'inherit' });

if (existsSync('proto/buf.gen.yaml'))
  run('node_modules/@bufbuild/buf/bin/buf', ['generate', 'proto', '--template', 'proto/buf.gen.yaml']);
run('node_modules/typescript/bin/tsc', ['-b']);
