/** One place of the source that is wrong in a mutant. */
export interface Edit {
  readonly file: string;
  /** What is there; in the file exactly once. */
  readonly find: string;
  /** What is there instead. Nobody checks its types. */
  readonly replace: string;
}

/** A wrong implementation, and the tests that turn red if anyone ever writes it. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly wrong: string;
  readonly edits: readonly Edit[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** The tests in this file whose titles begin so. */
export function testOf(file: string, title: string): Mutant["tests"][number] {
  return { file, title };
}
