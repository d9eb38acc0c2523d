import type { CallWatch } from "../../database/sessions/call-watch.ts";
import type {
  CursorAnswer,
  CursorControl,
  CursorRequest,
  CursorRequests,
  CursorWatch,
} from "../../reflex/cursor-requests.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { type Ask, answered, parseControl, standing, toControl } from "../requests/control-document.ts";
import type { CursorChanges } from "../requests/cursor-changes.ts";
import type { BufferedCursors } from "./buffered-cursors.ts";
import { ANSWER, READ } from "./cursor-chores.ts";
import { type CursorEntry, notAdvanced, setStored } from "./cursor-entry.ts";
import type { CursorLooks } from "./cursor-looks.ts";
import type { CursorRows, StoredRow } from "./cursor-rows.ts";
import { type CursorType, isSamePlace } from "./cursor-type.ts";
import type { CursorWatches } from "./cursor-watches.ts";

export interface CursorControlSource {
  readonly table: string;
  readonly cursorType: CursorType;
  readonly rows: CursorRows;
  readonly cursors: BufferedCursors;
  readonly watches: CursorWatches;
  readonly looks: CursorLooks;
  /** Undefined where no record of changes is wanted but the observer's. */
  readonly changes: CursorChanges | undefined;
  readonly reporting: Reporting;
  readonly watch: CallWatch;
}

/** An answer on its way into the row. */
interface Answering {
  readonly consumer: string;
  readonly request: CursorRequest;
  readonly answer: CursorAnswer;
}

const MOST_TRIES = 5;

/** What people ask of the consumers of one table in one database, for their runs. */
export class StoredRequests implements CursorRequests {
  readonly #source: CursorControlSource;

  constructor(source: CursorControlSource) {
    this.#source = source;
  }

  async read(consumer: string, options: CallOptions = {}): Promise<CursorControl> {
    const { rows, watch } = this.#source;
    const row = await watch.during(READ, rows.read(consumer, options));
    return toControl(parseControl(consumer, row?.request));
  }

  async answer(consumer: string, request: CursorRequest, answer: CursorAnswer): Promise<void> {
    const { cursors, watch } = this.#source;
    const answering = cursors.alone(consumer, (entry) => this.#answer(entry, { consumer, request, answer }));
    await watch.during(ANSWER, answering);
  }

  watch(consumer: string, watch: CursorWatch): () => void {
    const stop = this.#source.watches.add(consumer, watch);
    this.#source.looks.soon();
    return () => {
      stop();
      this.#source.looks.rest();
    };
  }

  async #answer(entry: CursorEntry, answering: Answering): Promise<void> {
    const { rows } = this.#source;
    const { consumer, request, answer } = answering;
    for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- tried again only if the row was changed at the same moment
      const row = await rows.readControlled(consumer, {});
      const document = parseControl(consumer, row?.request);
      const ask = standing(document, request);
      if (row === undefined || ask === undefined) return;
      this.#checkPlace(entry, row, answering);
      const change = answered(document, ask, answer);
      // oxlint-disable-next-line eslint/no-await-in-loop -- as above
      if (!(await rows.change(consumer, { row, ...change }, {}))) continue;
      const { cursor } = change;
      if (cursor === "deleted") setStored(entry, undefined);
      else if (cursor !== undefined) setStored(entry, { cursor: cursor.cursor, time: new Date().toISOString() });
      this.#tell(answering, row);
      await this.#settle(ask, row, answer);
      return;
    }
  }

  /** An event is skipped at the place at which this run stands, or not at all. */
  #checkPlace({ known, stored }: CursorEntry, row: StoredRow, { consumer, request }: Answering): void {
    const { table, cursorType } = this.#source;
    if (request.kind !== "skip" || !known) return;
    if (stored !== undefined && isSamePlace(cursorType, stored.cursor, row.cursor)) return;
    throw notAdvanced({
      table,
      consumer,
      cursor: request.to,
      existing: row,
      reason: "someone else moved it",
    });
  }

  #tell({ consumer, request, answer }: Answering, row: StoredRow): void {
    const { reporting, table } = this.#source;
    const { kind, to, by } = request;
    const outcome = answer.obeyed ? "obeyed" : "refused";
    reporting.tell("cursorChange", { table, consumer, kind, outcome, from: row.cursor, to, by });
  }

  /** Completes the record of the request. It is done already, so that a failure here is reported and stops nothing. */
  async #settle({ changeId }: Ask, row: StoredRow, { obeyed }: CursorAnswer): Promise<void> {
    const { changes, reporting, table } = this.#source;
    if (changeId === undefined || changes === undefined) return;
    const outcome = obeyed ? "obeyed" : "refused";
    await changes.settle(changeId, { outcome, from: row.cursor }, {}).catch((error: unknown) => {
      reporting.error({ activity: "record", name: table, error });
    });
  }
}
