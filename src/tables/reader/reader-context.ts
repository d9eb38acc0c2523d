import type { TableContext } from "../events/table-context.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import type { GapResolverFactory } from "../gaps/gap-resolver-factory.ts";
import type { LoadGate } from "../pages/load-gate.ts";
import type { PageReader } from "../pages/page-reader.ts";
import type { PageSize } from "../pages/page-size.ts";
import type { ReadAhead } from "../pages/read-ahead.ts";
import type { ReadPace } from "./read-pace.ts";
import type { ReaderWakeUps } from "./reader-wake-ups.ts";
import type { ReportThinning } from "./report-thinning.ts";
import type { SharedCache } from "./shared-cache.ts";

/** What the position readers of one table reader share. */
export interface ReaderContext extends TableContext {
  readonly gaps: GapControl;
  readonly resolvers: GapResolverFactory;
  readonly pages: PageReader;
  readonly readAhead: ReadAhead;
  readonly loads: LoadGate;
  readonly pageSize: PageSize;
  readonly cache: SharedCache;
  readonly wakeUps: ReaderWakeUps;
  readonly pace: ReadPace;
  /** Which errors of reads are reported that pass. */
  readonly thinning: ReportThinning;
}
