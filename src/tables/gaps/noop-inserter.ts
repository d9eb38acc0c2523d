import type { CallUnderWay } from "../../database/calls-under-way.ts";
import { readWarnings } from "../../database/changed-values.ts";
import type { Database, Session, SqlParam } from "../../database/database.ts";
import type { LingeringSession } from "../../database/sessions/lingering-session.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { driverFacts } from "../../errors/driver-error.ts";
import { driverText } from "../../errors/driver-text.ts";
import { isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { errorText } from "../../errors/show-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, eventColumns, toEvent } from "../events/event-row.ts";
import type { TableContext } from "../events/table-context.ts";
import { isSameRow } from "../position/position.ts";
import { gapSession } from "./gap-session.ts";
import { noopStatement } from "./noop-statement.ts";
import { replicaSign } from "./replica-sign.ts";

export interface NoopInserterSource extends TableContext {
  /** Whether the user said that this server takes the writes. */
  readonly declared: boolean;
  readonly noopValues: Readonly<Record<string, SqlParam>>;
}

/** What came of an attempt to insert noops. */
export type InsertedNoops =
  /** The statement ran. For each id there is a row now, or someone else holds the id. */
  | { readonly kind: "inserted"; readonly warnings: string }
  /** Someone else was inserting at the same place: look again. */
  | { readonly kind: "collided" }
  /** Noops can't be inserted on this server now. */
  | { readonly kind: "held"; readonly reason: "not_writable" | "unproven" | "lagging"; readonly message: string };

/** A row of the table, and what the server that has it says of itself. */
export interface CheckRow extends EventRow {
  readonly read_only: number | string | bigint;
  readonly engine_read_only: number | string | bigint;
}

// How long a server counts as no replica before it is asked again. Servers change their roles while this process runs.
const NO_REPLICA_MS = 10_000;

/** Inserts noops on the server that takes the writes. */
export class NoopInserter {
  readonly #source: NoopInserterSource;
  readonly #session: LingeringSession;
  #noReplicaUntil = 0;

  constructor(source: NoopInserterSource) {
    this.#source = source;
    // Below this isolation level, an insert fails where the server's binary log holds statements (error 1665).
    this.#session = gapSession(source, "repeatable read");
  }

  warmUp(): void {
    this.#session.warmUp();
  }

  /** Inserts a noop at each of these ids. `around` are rows on both sides of them, as a reader has them. */
  async insertNoops(ids: readonly bigint[], around: readonly ReflexEvent[]): Promise<InsertedNoops> {
    try {
      return await this.#session.use((session, discard) =>
        inTransaction(session, { work: () => this.#checkAndInsert(session, ids, around), discard }),
      );
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** The server that takes its noops. */
  get database(): Database {
    return this.#source.database;
  }

  /** What is under way on its connection since before this time. */
  callsBefore(timeMs: number): CallUnderWay[] {
    return this.#session.callsBefore(timeMs);
  }

  close(): void {
    this.#session.close();
  }

  async #checkAndInsert(
    session: Session,
    ids: readonly bigint[],
    around: readonly ReflexEvent[],
  ): Promise<InsertedNoops> {
    const obstacle = (await this.#checkServer(session, around)) ?? (await this.#checkReplica(session));
    if (obstacle !== undefined) return obstacle;
    const { database, table, config, noopValues } = this.#source;
    const statement = noopStatement({ table, config, dialect: database.dialect, noopValues }, ids);
    const { affectedRows, warnings: count = 0 } = await session.run(statement.sql, statement.params, this.#limits);
    if (affectedRows === 0)
      return { kind: "inserted", warnings: await showWarnings(session, hasOwnValues(this.#source)) };
    // Each row that is there already counts as one warning.
    if (count > statement.rows - affectedRows) await this.#refuseChanged(session, statement.columns, count);
    return { kind: "inserted", warnings: "" };
  }

  /** IGNORE cuts a value that does not fit. Its row would be no noop, and be delivered. @throws ReflexError `gap_unfillable` */
  async #refuseChanged(session: Session, columns: readonly string[], count: number): Promise<void> {
    const { changed } = await readWarnings(session, count);
    const column = columns.find((name) => changed.some((value) => value.column === name));
    if (column !== undefined) throw unfillable(this.#source.table, `the value for its column ${column} does not fit`);
  }

  /**
   * What speaks against this server, if anything does. It must have the same rows on both sides of the gap: on another
   * server, or in another history, an id means nothing.
   */
  async #checkServer(session: Session, around: readonly ReflexEvent[]): Promise<InsertedNoops | undefined> {
    const { database, table, config } = this.#source;
    const { dialect } = database;
    const id = `t.${dialect.quote(config.fields.id)}`;
    const marks = around.map(() => dialect.integerParam).join(", ");
    const rows = await session.rows<CheckRow>(
      `select ${eventColumns(dialect, config)}, @@global.read_only as read_only, @@global.innodb_read_only as engine_read_only from ${dialect.quote(table)} as t where ${id} in (${marks})`,
      around.map((event) => event.id),
      this.#limits,
    );
    if (isReadOnly(rows[0])) {
      return held("not_writable", "the server is read-only: name the primary in gaps.primary or fillGaps()");
    }
    const found = new Map(rows.map((row) => [String(row.id_value), toEvent(row)]));
    const missing = around.find((event) => !found.has(event.id));
    if (missing !== undefined) {
      return held("lagging", `the server that noops would be written to has no row ${missing.id} yet`);
    }
    return holdsRows(found, around)
      ? undefined
      : held(
          "unproven",
          "the server that noops would be written to holds other rows: name the primary in gaps.primary",
        );
  }

  async #checkReplica(session: Session): Promise<InsertedNoops | undefined> {
    if (this.#source.declared || performance.now() < this.#noReplicaUntil) return undefined;
    const sign = await replicaSign(session, this.#limits);
    if (sign === undefined) {
      this.#noReplicaUntil = performance.now() + NO_REPLICA_MS;
      return undefined;
    }
    return held("not_writable", `${sign}: name the primary in gaps.primary or fillGaps(), even if it is this server`);
  }

  #explain(error: unknown): InsertedNoops {
    switch (meaningOf(error)) {
      case "duplicate_key":
      case "lock_timeout":
      case "transaction_lost":
        return { kind: "collided" };
      case "read_only":
        return held("not_writable", "the server takes no writes: name the primary in gaps.primary or fillGaps()");
      case "no_privilege":
        return held(
          "not_writable",
          `the database user may not insert into ${this.#source.table}: grant it INSERT, or name another pool in fillGaps()`,
        );
      case "connection_lost":
      case "connection_closed":
      case "unreachable":
      case "in_transaction":
      case "missing_database":
      case "missing_table":
      case "missing_column":
        throw error;
      case "other":
        if (isReflexError(error)) throw error;
        throw unfillable(this.#source.table, this.#wordsOf(error), error);
    }
  }

  /** The server's own words, if none of the noop's values are the user's. A trigger may repeat any value. */
  #wordsOf(error: unknown): string {
    const facts = driverFacts(error);
    return facts === undefined || hasOwnValues(this.#source) ? errorText(error) : facts.message;
  }

  get #limits(): { timeoutMs: number | undefined } {
    return { timeoutMs: this.#source.config.statementTimeoutMs };
  }
}

/** The error of a gap whose noop the table refuses. */
export function unfillable(table: string, why: string, cause?: unknown): ReflexError {
  return new ReflexError(
    "gap_unfillable",
    `${table} refuses the noop that would close a gap: ${why}; give its columns values in gaps.noopValues, or change the constraint, key or trigger so that rows of type 0 pass`,
    { cause, details: { table } },
  );
}

async function inTransaction(
  session: Session,
  { work, discard }: { work: () => Promise<InsertedNoops>; discard: () => void },
): Promise<InsertedNoops> {
  await session.control("start transaction");
  try {
    const inserted = await work();
    await session.control("commit");
    return inserted;
  } catch (error) {
    // The error that led here is the one to report.
    await session.control("rollback").catch(discard);
    throw error;
  }
}

function hasOwnValues({ noopValues }: NoopInserterSource): boolean {
  return Object.keys(noopValues).length > 0;
}

/** Why no row was inserted. */
async function showWarnings(session: Session, hasValues: boolean): Promise<string> {
  const rows = await session.control<{ Code: unknown; Message: string }>("show warnings");
  const words = rows.map(({ Code, Message: message }) => {
    const facts = { number: Number(Code), code: undefined, sqliteCode: undefined, state: undefined, message };
    return hasValues ? driverText(facts) : message;
  });
  return [...new Set(words)].slice(0, 3).join("; ");
}

function held(reason: "not_writable" | "unproven" | "lagging", message: string): InsertedNoops {
  return { kind: "held", reason, message };
}

/** Whether the server takes writes from nobody but administrators, one of whom the database user may be. */
export function isReadOnly(row: CheckRow | undefined): boolean {
  return row !== undefined && (isOn(row.read_only) || isOn(row.engine_read_only));
}

/** Whether the rows that were found by their ids are the same as these. */
export function holdsRows(found: ReadonlyMap<string, ReflexEvent>, rows: readonly ReflexEvent[]): boolean {
  return rows.every((row) => {
    const here = found.get(row.id);
    return here !== undefined && isSameRow(here, row);
  });
}

// Whether a variable is on. Newer versions of MariaDB give a word.
function isOn(value: number | string | bigint): boolean {
  return !["0", "OFF"].includes(String(value));
}
