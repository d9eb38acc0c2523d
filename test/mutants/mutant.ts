import type { Variant } from "../../tools/variants/variant.ts";

/** A test by its file and the beginning of its title. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** A wrong implementation, and the tests that turn red if anyone ever writes it. */
export interface Mutant extends Variant {
  /** What is wrong with it. */
  readonly wrong: string;
  /** Each turns red on every server. The first, which is the quickest, is the one of the short form. */
  readonly tests: readonly [NamedTest, ...NamedTest[]];
}

/** The tests in this file whose titles begin so. */
export function testOf(file: string, title: string): NamedTest {
  return { file, title };
}
