/** A file of the bundle. */
export interface BundledFile {
  /** Its path from the folder. */
  readonly file: string;
  /** The paths of the source files that it was made from. */
  readonly sources: readonly string[];
}

/** Bundles the package's JavaScript into the folder, which is emptied before. */
export function bundle(folder: string, plugins?: readonly object[]): Promise<readonly BundledFile[]>;
