/** What a run over a folder of vectors found. */
export interface FolderResult {
  /** Vectors in the folder. */
  readonly count: number;
  readonly differing: readonly { readonly file: string; readonly line: number; readonly why: string }[];
  readonly notes: readonly string[];
}

export interface Libs {
  readonly protocol: typeof import('@trunkline/protocol');
  readonly kernel: typeof import('@trunkline/kernel');
  readonly records: typeof import('@trunkline/records');
  readonly platform: typeof import('@trunkline/platform');
}

export function checkFolder(folder: string, libs: Libs): FolderResult;
