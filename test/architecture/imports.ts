import { posix } from 'node:path';
import ts from 'typescript';
import { LAYERS, TESTING } from './table.js';
import { placeOf, type Place, type SourceTree } from './source-tree.js';

const SCOPE = '@trunkline/';

/** Imports that the table does not allow, a sentence each. */
export function* importViolations(tree: SourceTree): Generator<string> {
  for (const [path, text] of tree) {
    const place = placeOf(path);
    if (place === undefined || !path.endsWith('.ts')) continue;
    for (const imported of importsOf(text)) {
      const fault = imported.startsWith('.')
        ? pathFault(path, place, imported)
        : packageFault(place, imported, () => isNamed(tree, place, imported));
      if (fault !== undefined) yield `${path}: ${fault}`;
    }
  }
}

/** What a file imports or exports from, types included. */
export function importsOf(text: string): readonly string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

function pathFault(path: string, place: Place, imported: string): string | undefined {
  const target = posix.join(posix.dirname(path), imported);
  const own = `${place.kind}/${place.name}/`;
  if (!target.startsWith(own)) {
    if (!place.isProduct && !/^(libs|apps)\//.test(target)) return undefined; // A spec may use the tests' own fixtures.
    const other = placeOf(target)?.name;
    return `reaches into ${other ?? target} by a path; import it by its package name`;
  }
  if (place.isProduct && target === `${own}src/index.js`) return 'imports its own index; import the file';
  return undefined;
}

function packageFault(place: Place, imported: string, isAvailable: () => boolean): string | undefined {
  if (imported.startsWith(SCOPE)) return libFault(place, imported.slice(SCOPE.length));
  if (!place.isProduct) return undefined;
  const name = imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
  if (imported.startsWith('node:')) {
    return place.kind === 'libs' && LAYERS[place.name]?.pure === true ? `is pure, but imports ${imported}` : undefined;
  }
  const mayImportAll = place.kind === 'apps' || place.name === TESTING;
  if (!mayImportAll && LAYERS[place.name]?.thirdParty?.includes(name) !== true) return `may not import ${name}`;
  return isAvailable() ? undefined : `imports ${name}, which its package.json does not name`;
}

function libFault({ kind, name, isProduct }: Place, lib: string): string | undefined {
  if (lib.includes('/')) return `enters ${lib} by a path inside the package; import @trunkline/${lib.split('/')[0]}`;
  if (LAYERS[lib] === undefined && lib !== TESTING)
    return `may not import ${lib}: it is an app, or there is no such lib`;
  if (!isProduct) return undefined;
  if (kind === 'libs' && lib === name) return 'imports its own index; import the file';
  if (name === TESTING) return undefined;
  if (lib === TESTING) return `may not import ${lib}: only tests do`;
  const isAllowed = kind === 'apps' || LAYERS[name]?.imports.includes(lib) === true;
  return isAllowed ? undefined : `may not import ${lib}`;
}

function isNamed(tree: SourceTree, { kind, name }: Place, imported: string): boolean {
  const declared = dependenciesOf(tree.get(`${kind}/${name}/package.json`) ?? '{}');
  return declared.some((dependency) => imported === dependency || imported.startsWith(`${dependency}/`));
}

/** Names in dependencies, peerDependencies and optionalDependencies. */
export function dependenciesOf(packageJson: string): readonly string[] {
  const parsed = JSON.parse(packageJson) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  const groups = [parsed['dependencies'], parsed['peerDependencies'], parsed['optionalDependencies']];
  return groups.flatMap((group) => Object.keys(group ?? {}));
}
