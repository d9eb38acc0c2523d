import { backfill } from "./backfill.ts";
import type { BenchCase } from "./bench-case.ts";
import { peers } from "./peers.ts";
import { rollback } from "./rollback.ts";

/** Every case, in the order of the report. */
export const benchCases: readonly BenchCase[] = [backfill, rollback, peers];
