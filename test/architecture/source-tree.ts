import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const rootDir = fileURLToPath(new URL('../..', import.meta.url));

/** Files by their path from the root, with `/`. Planted trees of the tests have the same form. */
export type SourceTree = ReadonlyMap<string, string>;

const SKIPPED = new Set(['dist', 'node_modules', 'gen', '.git']);
const FOLDERS = ['libs', 'apps', 'test'];

/** Everything in the repository that somebody wrote: TypeScript, and the package.json and tsconfig.json of each package. */
export function readSourceTree(): SourceTree {
  const tree = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path);
      else if (entry.isFile() && isKept(entry.name)) tree.set(relative(rootDir, path), readFileSync(path, 'utf8'));
    }
  };
  for (const folder of FOLDERS) if (existsSync(join(rootDir, folder))) walk(join(rootDir, folder));
  return tree;
}

function isKept(name: string): boolean {
  return (name.endsWith('.ts') && !name.endsWith('.d.ts')) || name === 'package.json' || name === 'tsconfig.json';
}

/** Where a file of a package lies. */
export interface Place {
  readonly kind: 'libs' | 'apps';
  /** The package's folder name. */
  readonly name: string;
  /** Whether it is part of what is published: neither a spec nor a fixture. */
  readonly isProduct: boolean;
}

/** The package a file belongs to; undefined for files of the repository. */
export function placeOf(path: string): Place | undefined {
  const [kind, name, folder] = path.split('/');
  if ((kind !== 'libs' && kind !== 'apps') || name === undefined) return undefined;
  return { kind, name, isProduct: folder === 'src' && !path.endsWith('.spec.ts') };
}
