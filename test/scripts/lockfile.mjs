// A lockfile that lacks the platform packages of a dependency installs here and is refused elsewhere: look before landing.
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const problems = [];
for (const [path, entry] of Object.entries(packages)) {
  if (entry.resolved?.startsWith('http')) problems.push(`${path}: holds a download address`);
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    let folder = path;
    let found = false;
    while (!found) {
      found = packages[`${folder ? `${folder}/` : ''}node_modules/${name}`] !== undefined;
      if (!folder) break;
      folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '';
    }
    if (!found) problems.push(`${path}: ${name} is missing from the lockfile`);
  }
}
console.log(problems.length === 0 ? 'the lockfile is whole' : problems.join('\n'));
process.exit(problems.length === 0 ? 0 : 1);
