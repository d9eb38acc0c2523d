import { backfill } from "./backfill.ts";
import type { BenchCase } from "./bench-case.ts";
import { cursors } from "./cursors.ts";
import { insert } from "./insert.ts";
import { insertMany } from "./insert-many.ts";
import { rollback } from "./rollback.ts";

/** Every case, in the order of the report. */
export const benchCases: readonly BenchCase[] = [backfill, rollback, insert, insertMany, cursors];
