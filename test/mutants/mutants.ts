import { clusterMutants } from "./cluster-mutants.ts";
import { cursorMutants } from "./cursor-mutants.ts";
import { gapMutants } from "./gap-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { noopMutants } from "./noop-mutants.ts";
import { positionMutants } from "./position-mutants.ts";
import { readingMutants } from "./reading-mutants.ts";
import { runMutants } from "./run-mutants.ts";
import { runWaitMutants } from "./run-wait-mutants.ts";
import { startMutants } from "./start-mutants.ts";
import { writingMutants } from "./writing-mutants.ts";

/** All wrong implementations that tools/run-mutants.mjs tries. */
export const mutants: readonly Mutant[] = [
  ...positionMutants,
  ...startMutants,
  ...readingMutants,
  ...gapMutants,
  ...noopMutants,
  ...clusterMutants,
  ...writingMutants,
  ...cursorMutants,
  ...runMutants,
  ...runWaitMutants,
];
