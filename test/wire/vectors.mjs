// `npm run wire:vectors -- DIR`: decodes and encodes every vector of a folder shaped like ../shared/kafka-messages/vectors
// with the built libs, names what differs, and ends with `N of N vectors equal`. Exit code 0 only when all are.
import { existsSync, statSync } from 'node:fs';
import { checkFolder } from './vectors/folder.mjs';

const DIFFERENCES_SHOWN_MAX = 200;

async function main() {
  const folder = process.argv[2];
  if (folder === undefined) return stop('usage: npm run wire:vectors -- DIR');
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return stop(`${folder} is no folder`);
  const [protocol, kernel, records, platform] = await Promise.all([
    import('@trunkline/protocol'),
    import('@trunkline/kernel'),
    import('@trunkline/records'),
    import('@trunkline/platform'),
  ]);
  const { count, differing, notes } = checkFolder(folder, { protocol, kernel, records, platform });
  for (const { file, line, why } of differing.slice(0, DIFFERENCES_SHOWN_MAX)) console.log(`${file}:${line} ${why}`);
  if (differing.length > DIFFERENCES_SHOWN_MAX) console.log(`and ${differing.length - DIFFERENCES_SHOWN_MAX} more`);
  for (const note of notes) console.log(note);
  console.log(`${count - differing.length} of ${count} vectors equal`);
  process.exitCode = differing.length === 0 && count > 0 ? 0 : 1;
}

function stop(why) {
  console.error(why);
  process.exitCode = 2;
}

await main();
