import { ReflexError } from "../../errors/reflex-error.ts";
import type { CursorRequestKind } from "../../reflex/cursor-requests.ts";
import type { CursorChangeReport, Reporting } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { type Ask, answered, asking, type ControlDocument, parseControl } from "./control-document.ts";
import type { ControlledRow, ControlledRows } from "./controlled-rows.ts";
import type { CursorChanges } from "./cursor-changes.ts";
import { type CursorChange, type ForcedRequestOptions, thisUser } from "./request-options.ts";

/** What a person asks. */
export interface Wish {
  readonly consumer: string;
  readonly kind: CursorRequestKind;
  readonly to: string;
  readonly position?: string | undefined;
  /** The events table in which `to` was looked up. */
  readonly events?: string | undefined;
}

export interface AskerSource {
  /** The cursors table. */
  readonly table: string;
  readonly rows: ControlledRows;
  /** Undefined where no record is wanted but the observer's. */
  readonly changes: CursorChanges | undefined;
  readonly reporting: Reporting;
}

/** A request that was made. */
interface Made {
  readonly wish: Wish;
  readonly ask: Ask;
  readonly from: string;
}

type Outcome = Pick<CursorChange, "outcome" | "reason">;

const DEFAULT_WAIT_MS = 10_000;
const LOOK_MS = 200;

/** Asks runs, through the rows of their cursors, to do something, and waits for their answers. */
export class Asker {
  readonly #source: AskerSource;

  constructor(source: AskerSource) {
    this.#source = source;
  }

  /** Rejects as {@link ask} would, and asks nothing. */
  async check(wish: Wish, limits: CallOptions): Promise<void> {
    const row = await this.#row(wish.consumer, limits);
    checkWish(wish, row, parseControl(wish.consumer, row.request));
  }

  /** Takes back what is asked of the consumer and not answered yet. Resolves with whether there was such a request. */
  async withdraw(consumer: string, limits: CallOptions): Promise<boolean> {
    for (;;) {
      const row = await this.#row(consumer, limits);
      const { ask, ...document } = parseControl(consumer, row.request);
      if (ask === undefined) return false;
      if (await this.#source.rows.change(consumer, { row, document }, limits)) {
        const { kind, to } = ask;
        this.#tell({ wish: { consumer, kind, to }, ask, from: row.cursor }, "withdrawn");
        await this.#settle(ask, { outcome: "withdrawn", from: row.cursor }, limits);
        return true;
      }
      signalled(limits);
    }
  }

  /** @throws ReflexError `cursor_not_found`, or `invalid_cursor` for an event to be skipped that was passed already */
  async ask(wish: Wish, options: ForcedRequestOptions): Promise<CursorChange> {
    const { signal, timeoutMs, waitMs = DEFAULT_WAIT_MS, force = false } = options;
    const limits = { signal, timeoutMs };
    const made = await this.#make(wish, options, limits);
    this.#tell(made, "asked");
    const found = await this.#wait(made, waitMs, limits);
    const outcome = found.outcome === "pending" && force ? await this.#force(made, limits) : found;
    const { consumer, kind, to } = wish;
    return { consumer, kind, from: made.from, to, by: made.ask.by, ...outcome };
  }

  async #make(wish: Wish, options: ForcedRequestOptions, limits: CallOptions): Promise<Made> {
    const { consumer, kind, to, position } = wish;
    const { by = thisUser(), reason = "" } = options;
    let changeId: string | undefined;
    for (;;) {
      const row = await this.#row(consumer, limits);
      const before = parseControl(consumer, row.request);
      checkWish(wish, row, before);
      // The record comes first: what was done without one would be known to nobody.
      changeId ??= await this.#source.changes?.record({ consumer, kind, from: row.cursor, to, by, reason }, limits);
      const ask: Ask = { kind, to, by, position, changeId, generation: String(row.generation + 1n) };
      if (await this.#source.rows.change(consumer, { row, document: asking(before, ask) }, limits)) {
        await this.#settle(before.ask, { outcome: "replaced", from: row.cursor }, limits);
        return { wish, ask, from: row.cursor };
      }
      signalled(limits);
    }
  }

  async #row(consumer: string, limits: CallOptions): Promise<ControlledRow> {
    const row = await this.#source.rows.readControlled(consumer, limits);
    if (row !== undefined) return row;
    const { table } = this.#source;
    const message = `${table} has no cursor of a consumer ${consumer}: list(db) tells which it has; one gets its cursor at its first run, at the head with the option fromHead`;
    throw new ReflexError("cursor_not_found", message, { details: { table, consumer } });
  }

  /** Waits for an answer, with a last look when the time is over. */
  async #wait(made: Made, waitMs: number, limits: CallOptions): Promise<Outcome> {
    const until = performance.now() + waitMs;
    for (;;) {
      const outcome = this.#outcome(made, await this.#source.rows.readControlled(made.wish.consumer, limits));
      const leftMs = until - performance.now();
      if (outcome.outcome !== "pending" || leftMs <= 0) return outcome;
      // oxlint-disable-next-line eslint/no-await-in-loop -- one look after the other
      await sleep(Math.min(LOOK_MS, leftMs), { signal: limits.signal });
    }
  }

  #outcome({ wish, ask }: Made, row: ControlledRow | undefined): Outcome {
    if (row === undefined) return { outcome: wish.kind === "delete" ? "obeyed" : "withdrawn", reason: undefined };
    const document = parseControl(wish.consumer, row.request);
    if (document.ask?.generation === ask.generation) return { outcome: "pending", reason: undefined };
    return lastOf(document, ask);
  }

  /** Does what was asked without a run. */
  async #force(made: Made, limits: CallOptions): Promise<Outcome> {
    const { wish, ask } = made;
    const { rows } = this.#source;
    for (;;) {
      const row = await rows.readControlled(wish.consumer, limits);
      const found = this.#outcome(made, row);
      if (row === undefined || found.outcome !== "pending") return found;
      const change = answered(parseControl(wish.consumer, row.request), ask, { obeyed: true, forced: true });
      if (await rows.change(wish.consumer, { row, ...change }, limits)) {
        this.#tell({ ...made, from: row.cursor }, "forced");
        await this.#settle(ask, { outcome: "forced", from: row.cursor }, limits);
        return { outcome: "forced", reason: undefined };
      }
      signalled(limits);
    }
  }

  async #settle(
    ask: Ask | undefined,
    end: { outcome: "forced" | "replaced" | "withdrawn"; from: string },
    limits: CallOptions,
  ): Promise<void> {
    if (ask?.changeId !== undefined) await this.#source.changes?.settle(ask.changeId, end, limits);
  }

  #tell({ wish, ask, from }: Made, outcome: CursorChangeReport["outcome"]): void {
    const { consumer, kind, to } = wish;
    const { reporting, table } = this.#source;
    reporting.tell("cursorChange", { table, consumer, kind, outcome, from, to, by: ask.by });
  }
}

function lastOf({ last }: ControlDocument, { generation }: Ask): Outcome {
  if (last?.generation !== generation) return { outcome: "withdrawn", reason: undefined };
  return { outcome: last.outcome, reason: last.reason };
}

/** Refuses what can't be meant. @throws ReflexError `invalid_cursor` or `consumer_retired` */
function checkWish({ consumer, kind, to, events }: Wish, row: ControlledRow, { state }: ControlDocument): void {
  const { cursor, table } = row;
  if (kind === "skip" && /^\d+$/.test(cursor) && BigInt(to) <= BigInt(cursor)) {
    const message = `event ${to} can't be skipped by ${consumer}: its cursor is at ${cursor} already`;
    throw new ReflexError("invalid_cursor", message, { details: { consumer, cursor, eventId: to } });
  }
  if (kind === "pause" && state === "retired") {
    const message = `consumer ${consumer} is retired: resume it first if it is to run again`;
    throw new ReflexError("consumer_retired", message, { details: { consumer } });
  }
  if (events === undefined || table === undefined || isSameTable(events, table)) return;
  const message = `the cursor of ${consumer} is a position in ${table}, not in ${events}: give the table that it reads in option events`;
  throw new ReflexError("invalid_cursor", message, { details: { consumer, cursor, table, events } });
}

/** Whether two names can be of one table: the schema counts only where both say it. */
function isSameTable(name: string, other: string): boolean {
  const [[table, schema], [otherTable, otherSchema]] = [name, other].map((full) => full.split(".").toReversed()) as [
    string[],
    string[],
  ];
  return table === otherTable && (schema === undefined || otherSchema === undefined || schema === otherSchema);
}

function signalled({ signal }: CallOptions): void {
  signal?.throwIfAborted();
}
