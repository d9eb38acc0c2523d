import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import type { GapResolver } from "../gaps/gap-resolver.ts";
import type { LoadGate } from "../pages/load-gate.ts";
import type { PageReader } from "../pages/page-reader.ts";
import type { PageSize } from "../pages/page-size.ts";
import type { ReadAhead } from "../pages/read-ahead.ts";
import type { GapRange } from "../position/contiguous.ts";
import type { WakeSignal } from "../wake/wake-signal.ts";

/** What the advances of one reader share. */
export interface ReaderContext {
  readonly table: string;
  readonly config: EventsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
  readonly gaps: GapControl;
  readonly pages: PageReader;
  readonly readAhead: ReadAhead;
  readonly loads: LoadGate;
  readonly pageSize: PageSize;
  readonly wake: WakeSignal;
  /** Has the database's head poller wake this reader for rows beyond an id, until the function returned is called. */
  readonly head: { watch(head: bigint): () => void };
  readonly makeResolver: () => GapResolver;
  /** As far as this position, but below any row there that is not committed. Only where no committed row is. */
  readonly belowOpenRows: (position: bigint) => Promise<bigint>;
  /** Tells listeners of a gap, once. */
  readonly tellGap: (gap: GapRange) => void;
  /** A position fault was confirmed. */
  readonly onFault: () => void;
}
