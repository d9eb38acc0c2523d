/** Something that users can import. */
export interface Entry {
  /** What they import, such as "reflex-rsql/patterns". */
  readonly specifier: string;
  /** Its name in "exports" of package.json, such as "./patterns". */
  readonly subpath: string;
  /** What stands after the name of the package, such as "patterns"; the name itself for the main entry. */
  readonly shortName: string;
  /** The path of its source from the repository, such as "src/patterns/index.ts". */
  readonly source: string;
  /** The path of what is built from it, from dist/ and without its ending, such as "patterns/index". */
  readonly output: string;
}

/** All entries, the main one first. */
export const entries: readonly Entry[];
