import type { SimInode } from './sim-disk-file.js';
import type { SimRandom } from './sim-random.js';

/** A directory: its names as processes see them, and as they would be after a power cut. */
export class SimDir {
  readonly children = new Map<string, SimNode>();
  readonly durable = new Map<string, SimNode>();
}
export type SimNode = SimDir | SimInode;

/** A change of names that is not on disk yet. A rename is one change: it happens whole or not at all. */
interface NameChange {
  readonly puts: readonly { readonly dir: SimDir; readonly name: string; readonly node: SimNode }[];
  readonly drops: readonly { readonly dir: SimDir; readonly name: string; readonly node: SimNode }[];
  /** Directories that must still be synced before it is there for good. */
  readonly unsynced: Set<SimDir>;
}

/** The names of a simulated disk. */
export class SimNames {
  readonly root = new SimDir();
  #changes: NameChange[] = [];

  find(path: string): SimNode | undefined {
    let node: SimNode | undefined = this.root;
    for (const part of partsOf(path)) {
      if (!(node instanceof SimDir)) return undefined;
      node = node.children.get(part);
    }
    return node;
  }

  /** The directory that holds the last part of a path, and that part. */
  place(path: string): { dir: SimDir | undefined; name: string } {
    const parts = partsOf(path);
    const name = parts.pop() ?? '';
    const dir = this.find(parts.join('/'));
    return { dir: dir instanceof SimDir ? dir : undefined, name };
  }

  put(dir: SimDir, name: string, node: SimNode): void {
    dir.children.set(name, node);
    this.#changes.push({ puts: [{ dir, name, node }], drops: [], unsynced: new Set([dir]) });
  }

  drop(dir: SimDir, name: string): void {
    const node = dir.children.get(name);
    if (node === undefined) return;
    dir.children.delete(name);
    this.#changes.push({ puts: [], drops: [{ dir, name, node }], unsynced: new Set([dir]) });
  }

  rename(from: { dir: SimDir; name: string }, to: { dir: SimDir; name: string }): void {
    const node = from.dir.children.get(from.name)!;
    from.dir.children.delete(from.name);
    to.dir.children.set(to.name, node);
    const change = { puts: [{ ...to, node }], drops: [{ ...from, node }], unsynced: new Set([from.dir, to.dir]) };
    this.#changes.push(change);
  }

  sync(dir: SimDir): void {
    for (const change of this.#changes) {
      change.unsynced.delete(dir);
      if (change.unsynced.size === 0) apply(change);
    }
    this.#changes = this.#changes.filter(({ unsynced }) => unsynced.size > 0);
  }

  /** The power goes: of the changes that were not synced each happened or did not, whatever their order. */
  crash(random: SimRandom, keptPercent: number): void {
    for (const change of this.#changes) if (random.chance(keptPercent)) apply(change);
    this.#changes = [];
    restore(this.root);
  }

  /** Every file that has a name now. */
  *files(dir: SimDir = this.root): Generator<SimInode, void, void> {
    for (const node of dir.children.values()) {
      if (node instanceof SimDir) yield* this.files(node);
      else yield node;
    }
  }
}

function apply({ puts, drops }: NameChange): void {
  for (const { dir, name, node } of drops) if (dir.durable.get(name) === node) dir.durable.delete(name);
  for (const { dir, name, node } of puts) dir.durable.set(name, node);
}

function restore(dir: SimDir): void {
  dir.children.clear();
  for (const [name, node] of dir.durable) {
    dir.children.set(name, node);
    if (node instanceof SimDir) restore(node);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
