import { backfill } from "./backfill.ts";
import type { BenchCase } from "./bench-case.ts";
import { head } from "./head.ts";
import { rollback } from "./rollback.ts";

/** Every case, in the order of the report. */
export const benchCases: readonly BenchCase[] = [backfill, rollback, head];
