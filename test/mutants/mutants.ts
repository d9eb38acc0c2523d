import { gapMutants } from "./gap-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { readingMutants } from "./reading-mutants.ts";
import { writingMutants } from "./writing-mutants.ts";

/** All wrong implementations that tools/run-mutants.mjs tries. */
export const mutants: readonly Mutant[] = [...readingMutants, ...gapMutants, ...writingMutants];
