import type { CallWatch } from "../../database/sessions/call-watch.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { CursorControl } from "../../reflex/cursor-requests.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { startTimer } from "../../waiting/timer.ts";
import { parseControl, toControl } from "../requests/control-document.ts";
import type { BufferedCursors } from "./buffered-cursors.ts";
import { LOOK } from "./cursor-chores.ts";
import { notAdvanced } from "./cursor-entry.ts";
import type { CursorRows, StoredRow } from "./cursor-rows.ts";
import { isSeenAgain, type Suspicion } from "./cursor-suspicion.ts";
import { type CursorType, isSamePlace } from "./cursor-type.ts";
import type { CursorWatches } from "./cursor-watches.ts";
import { lookPeriodMs } from "./look-period.ts";

export interface CursorLooksSource {
  readonly table: string;
  readonly cursorType: CursorType;
  readonly rows: CursorRows;
  readonly cursors: BufferedCursors;
  readonly watches: CursorWatches;
  readonly reporting: Reporting;
  readonly watch: CallWatch;
}

// After how many looks columns are looked for that the table lacked: a migration may have added them.
const LOOKS_A_SCHEMA = 6;
// How soon a cursor that is not where it should be is looked at again.
const SECOND_LOOK_MS = 1000;

/**
 * Looks at the rows of all consumers that run in this process, in one statement: for what people ask of them, and for
 * cursors that someone else has moved. It looks at once when a run begins, and then every 5 s.
 */
export class CursorLooks {
  readonly #source: CursorLooksSource;
  readonly #suspicions = new Map<string, Suspicion>();
  /** Consumers whose runs were told of a request, or that they may not run. They are told when that is over, too. */
  readonly #told = new Set<string>();
  #cancel: (() => void) | undefined;
  #looking = false;
  #looks = 0;

  constructor(source: CursorLooksSource) {
    this.#source = source;
  }

  /** Looks soon: a run has begun. Runs that begin together share the look. */
  soon(): void {
    if (!this.#looking) this.#schedule(0);
  }

  /** Looks no more if nobody watches any more: a run has ended. */
  rest(): void {
    if (this.#source.watches.consumers.length > 0) return;
    this.#suspicions.clear();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#source.watch.forget(LOOK);
  }

  #schedule(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = startTimer(delayMs, () => void this.#look(), { keepAlive: false });
  }

  async #look(): Promise<void> {
    const { watches, watch, reporting, table } = this.#source;
    const { consumers } = watches;
    this.#cancel = undefined;
    this.#looking = true;
    try {
      await watch.duringTry(LOOK, this.#lookAt(consumers));
    } catch (error) {
      reporting.error({ activity: "watch", name: table, error, retryInMs: lookPeriodMs() });
    } finally {
      this.#looking = false;
      const again = watches.consumers.some((consumer) => !consumers.includes(consumer));
      const waitMs = this.#suspicions.size > 0 ? Math.min(SECOND_LOOK_MS, lookPeriodMs()) : lookPeriodMs();
      if (watches.consumers.length > 0) this.#schedule(again ? 0 : waitMs);
      else watch.forget(LOOK);
    }
  }

  async #lookAt(consumers: readonly string[]): Promise<void> {
    const { rows, cursors } = this.#source;
    this.#looks++;
    if (this.#looks % LOOKS_A_SCHEMA === 0) await rows.lookAgain({ timeoutMs: lookPeriodMs() });
    // No cursor is written meanwhile, so that a row shows what this process wrote last, or what someone else did.
    for (let start = 0; start < consumers.length; start += rows.mostConsumers) {
      const some = consumers.slice(start, start + rows.mostConsumers);
      // oxlint-disable-next-line eslint/no-await-in-loop -- one connection is enough
      await cursors.atRest(() => this.#compare(some));
    }
  }

  async #compare(consumers: readonly string[]): Promise<void> {
    const { rows } = this.#source;
    const found = await rows.readAll(consumers, { timeoutMs: lookPeriodMs() });
    for (const consumer of consumers) {
      const row = found.get(consumer);
      if (row instanceof ReflexError) continue;
      // oxlint-disable-next-line eslint/no-await-in-loop -- only the first look at a consumer writes
      if (row !== undefined) await this.#nameTable(consumer, row);
      this.#compareCursor(consumer, row);
      if (row !== undefined) this.#passOn(consumer, row);
    }
  }

  async #nameTable(consumer: string, row: StoredRow): Promise<void> {
    const { rows, watches } = this.#source;
    const table = watches.tableOf(consumer);
    if (table === undefined || table === row.table || rows.missing.includes("table_name")) return;
    await rows.nameTable(consumer, table, {});
  }

  #compareCursor(consumer: string, row: StoredRow | undefined): void {
    const { cursors, cursorType, table } = this.#source;
    const entry = cursors.known(consumer);
    const stored = entry?.stored;
    const same =
      entry?.known !== true ||
      (row === undefined
        ? stored === undefined
        : stored !== undefined && isSamePlace(cursorType, row.cursor, stored.cursor));
    // A write whose answer was lost may have moved the cursor; the next write finds that out.
    if (entry === undefined || same || entry.unanswered.size > 0 || entry.fault !== undefined) {
      this.#suspicions.delete(consumer);
      return;
    }
    const suspicion: Suspicion = { found: row?.cursor, writes: entry.writes };
    if (!isSeenAgain(this.#suspicions.get(consumer), suspicion)) {
      this.#suspicions.set(consumer, suspicion);
      return;
    }
    this.#suspicions.delete(consumer);
    const reason = row === undefined ? "someone removed it" : "someone else moved it";
    const cursor = entry.pending?.cursor ?? stored?.cursor ?? "";
    cursors.lose(entry, notAdvanced({ table, consumer, cursor, existing: row, reason }));
  }

  #passOn(consumer: string, { request }: StoredRow): void {
    const { watches } = this.#source;
    const control = readControl(consumer, request);
    if (control instanceof ReflexError) watches.lost(consumer, control);
    else if (control.request !== undefined || control.state !== "active") {
      this.#told.add(consumer);
      watches.requested(consumer, control);
    } else if (this.#told.delete(consumer)) watches.requested(consumer, control);
  }
}

function readControl(consumer: string, request: string | undefined): CursorControl | ReflexError {
  try {
    return toControl(parseControl(consumer, request));
  } catch (error) {
    if (error instanceof ReflexError) return error;
    throw error;
  }
}
