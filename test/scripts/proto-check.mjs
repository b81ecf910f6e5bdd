// `npm run proto:check`: the contracts are well formed, and break nobody who uses the published ones.
import { spawnSync } from 'node:child_process';

const buf = (...args) => {
  const { status } = spawnSync(process.execPath, ['node_modules/@bufbuild/buf/bin/buf', ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
buf('lint', 'proto');
buf('breaking', 'proto', '--against', 'proto/published.binpb');
console.log('the contracts are well formed and compatible with the published ones');
