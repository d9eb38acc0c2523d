import { backfill } from "./backfill.ts";
import type { BenchCase } from "./bench-case.ts";
import { besideStream } from "./beside-stream.ts";
import { connections } from "./connections.ts";
import { cursors } from "./cursors.ts";
import { farBehind } from "./far-behind.ts";
import { foreignIds } from "./foreign-ids.ts";
import { growth } from "./growth.ts";
import { head } from "./head.ts";
import { importing } from "./import.ts";
import { insert } from "./insert.ts";
import { insertMany } from "./insert-many.ts";
import { largeEvents } from "./large-events.ts";
import { latency } from "./latency.ts";
import { optimisations } from "./optimisations.ts";
import { peers } from "./peers.ts";
import { rollback } from "./rollback.ts";
import { slowLink } from "./slow-link.ts";

/** Every case, in the order of the report. */
export const benchCases: readonly BenchCase[] = [
  backfill,
  rollback,
  slowLink,
  connections,
  head,
  latency,
  farBehind,
  foreignIds,
  largeEvents,
  growth,
  importing,
  insert,
  insertMany,
  besideStream,
  cursors,
  optimisations,
  peers,
];
