import { dependenciesOf, importsOf } from './imports.js';
import { type Place, placeOf, type SourceTree } from './source-tree.js';
import { BROKER_WING, BUS_WING, LAYERS, TESTING } from './table.js';

const SCOPE = '@trunkline/';
/** Apps and the tests' own lib may import every lib. */
const ALL = { imports: Object.keys(LAYERS) };

/** Where package.json and tsconfig.json of libs and apps disagree with the table, or with what is imported. */
export function* packageViolations(tree: SourceTree): Generator<string> {
  for (const [path, text] of tree) {
    const place = placeOf(path);
    if (place === undefined || path !== `${place.kind}/${place.name}/package.json`) continue;
    const row = place.kind === 'apps' || place.name === TESTING ? ALL : LAYERS[place.name];
    if (row === undefined) {
      yield `${path}: the table of layers has no row for ${place.name}`;
      continue;
    }
    const declared = dependenciesOf(text).flatMap((name) => (name.startsWith(SCOPE) ? [name.slice(SCOPE.length)] : []));
    const used = usedBy(tree, place);
    const tsconfig = `${place.kind}/${place.name}/tsconfig.json`;
    const references = referencesOf(tree.get(tsconfig) ?? '{}');
    for (const lib of declared) {
      if (!row.imports.includes(lib)) yield `${path}: names ${lib}, which it may not import`;
      else if (!used.has(lib)) yield `${path}: names ${lib}, which no file imports`;
    }
    for (const lib of used) {
      if (!declared.includes(lib)) yield `${path}: does not name ${lib}, which it imports`;
      if (!references.includes(lib)) yield `${tsconfig}: has no reference to ${lib}`;
    }
  }
}

/** Where the table contradicts itself: circles, and arrows between the wings. */
export function* tableViolations(): Generator<string> {
  for (const [name, { imports }] of Object.entries(LAYERS)) {
    for (const lib of imports) if (LAYERS[lib] === undefined) yield `${name}: imports ${lib}, which has no row`;
    if (reachableFrom(name).has(name)) yield `${name}: stands in a circle`;
    const wing = BROKER_WING.includes(name) ? BUS_WING : BUS_WING.includes(name) ? BROKER_WING : [];
    for (const lib of reachableFrom(name)) if (wing.includes(lib)) yield `${name}: reaches the other wing's ${lib}`;
  }
}

function reachableFrom(name: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const lib of LAYERS[name]?.imports ?? []) {
    if (seen.has(lib)) continue;
    seen.add(lib);
    reachableFrom(lib, seen);
  }
  return seen;
}

function usedBy(tree: SourceTree, by: Place): ReadonlySet<string> {
  const used = new Set<string>();
  for (const [path, text] of tree) {
    const place = placeOf(path);
    if (place?.kind !== by.kind || place.name !== by.name || !place.isProduct) continue;
    for (const imported of importsOf(text)) if (imported.startsWith(SCOPE)) used.add(imported.slice(SCOPE.length));
  }
  return used;
}

function referencesOf(tsconfig: string): readonly string[] {
  const parsed = JSON.parse(tsconfig) as { readonly references?: readonly { readonly path: string }[] };
  return (parsed.references ?? []).map(({ path }) => path.split('/').at(-1) ?? path);
}
