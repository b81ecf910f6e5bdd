import ts from 'typescript';
import { LAYERS, LINES_MAX } from './table.js';
import { placeOf, type SourceTree } from './source-tree.js';

/** Names of the world that a pure lib may not say; a member narrows it (`Date.now`). */
const WORLD: ReadonlyMap<string, readonly string[] | 'all'> = new Map<string, readonly string[] | 'all'>([
  ['process', 'all'],
  ['performance', 'all'],
  ['crypto', 'all'],
  ['setTimeout', 'all'],
  ['setInterval', 'all'],
  ['setImmediate', 'all'],
  ['clearTimeout', 'all'],
  ['clearInterval', 'all'],
  ['fetch', 'all'],
  ['require', 'all'],
  ['console', 'all'],
  ['Buffer', 'all'],
  ['Date', ['now', 'new']],
  ['Math', ['random']],
  ['AbortSignal', ['timeout']],
]);

/** Words that no product file may hold: doors left open, and checks switched off. */
const UNFINISHED = /@ts-ignore|@ts-nocheck|(?:ox|es)lint-disable|\b(?:TODO|FIXME|XXX)\b/;

/** Where pure libs reach out into the world. */
export function* purityViolations(tree: SourceTree): Generator<string> {
  for (const [path, text] of tree) {
    const place = placeOf(path);
    if (place?.kind !== 'libs' || !place.isProduct || !path.endsWith('.ts')) continue;
    if (LAYERS[place.name]?.pure !== true) continue;
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const imported = importedNames(source);
    for (const said of worldlyNames(source)) {
      if (!imported.has(said)) yield `${path}: is pure, but says ${said}`;
    }
  }
}

/** Files that are too long, or unfinished. */
export function* fileViolations(tree: SourceTree): Generator<string> {
  for (const [path, text] of tree) {
    if (!path.endsWith('.ts')) continue;
    const lines = text.split('\n').length - 1;
    if (lines > LINES_MAX) yield `${path}: has ${lines} lines, ${LINES_MAX} are allowed`;
    const left = placeOf(path)?.isProduct === true ? UNFINISHED.exec(text)?.[0] : undefined;
    if (left !== undefined) yield `${path}: holds ${left}`;
  }
}

function* worldlyNames(node: ts.Node): Generator<string> {
  if (ts.isIdentifier(node) && isReference(node)) {
    const members = WORLD.get(node.text);
    if (members === 'all') yield node.text;
    else if (members !== undefined) {
      const member = memberOf(node);
      if (member !== undefined && members.includes(member)) yield `${node.text}.${member}`;
    }
  }
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* worldlyNames(child);
}

/** Names that come out of other files of the house: a handler called `fetch` is not the world's. */
function importedNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    for (const { name } of bindings.elements) names.add(name.text);
  }
  return names;
}

/** Whether a name stands for a thing of the world: neither a member, nor a property's key, nor something declared here. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent)) return false;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const isKey = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent);
  if (isKey || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) return parent.name !== node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  const declares = ts.isParameter(parent) || ts.isVariableDeclaration(parent) || ts.isFunctionDeclaration(parent);
  return !(declares || ts.isBindingElement(parent)) || parent.name !== node;
}

function memberOf(node: ts.Identifier): string | undefined {
  if (ts.isPropertyAccessExpression(node.parent)) return node.parent.name.text;
  return ts.isNewExpression(node.parent) && (node.parent.arguments?.length ?? 0) === 0 ? 'new' : undefined;
}
