import type { CallUnderWay } from "../../database/calls-under-way.ts";
import { readWarnings } from "../../database/changed-values.ts";
import type { Database, Session, SqlParam } from "../../database/database.ts";
import type { LingeringSession, SessionWork } from "../../database/sessions/lingering-session.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { driverFacts } from "../../errors/driver-error.ts";
import { driverText } from "../../errors/driver-text.ts";
import { isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { kindOfCause } from "../../errors/show-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { startTimer } from "../../waiting/timer.ts";
import { gapSession } from "./gap-session.ts";
import { held, isFresh, NoopServer, type NoopServerSource, type Obstacle, type ServerCheck } from "./noop-server.ts";
import { type NoopStatement, noopStatement, ROW_ABOVE_MISSING, type RowAbove } from "./noop-statement.ts";

export interface NoopInserterSource extends NoopServerSource {
  readonly noopValues: Readonly<Record<string, SqlParam>>;
}

/** What came of an attempt to insert noops. */
export type InsertedNoops =
  /** The statement ran. For each id there is a row now, or someone else holds the id. */
  | { readonly kind: "inserted"; readonly warnings: string }
  /** Someone else was inserting at the same place: look again. */
  | { readonly kind: "collided" }
  /** Noops can't be inserted on this server now. */
  | Obstacle;

// What a server says of a statement that does not mean the same on each server that repeats it, where its binary log holds
// statements.
const UNSAFE_STATEMENT = 1592;
// A lock is waited for a second at the most. The server hangs, or can't be reached, where an insert takes longer than this.
const LONGEST_INSERT_MS = 2000;

/** Inserts noops on the server that takes the writes. */
export class NoopInserter {
  readonly #source: NoopInserterSource;
  readonly #session: LingeringSession;
  readonly #server: NoopServer;
  /** The inserts under way that the server would go on with if their connection was cut. */
  readonly #inserting = new Set<Promise<InsertedNoops>>();
  /** Whether the noop's values are known to fit. The user's may not, and then their statement is to be undone. */
  #fits: boolean;
  /** Whether the server's binary log holds statements, which must not depend on other rows. */
  #logsStatements = false;

  constructor(source: NoopInserterSource) {
    this.#source = source;
    this.#fits = !hasOwnValues(source);
    this.#server = new NoopServer(source);
    // Below this isolation level, an insert fails where the server's binary log holds statements (error 1665).
    this.#session = gapSession(source, "repeatable read");
  }

  warmUp(): void {
    this.#session.warmUp();
  }

  /** Looks ahead of {@link insertNoops} whether this server may be given noops between these rows. */
  check(around: readonly ReflexEvent[]): Promise<ServerCheck> {
    return this.#session.use((session) => this.#server.check(session, around));
  }

  /**
   * Inserts a noop at each of these ids. `around` are rows on both sides of them, as a reader has them, the highest one last;
   * `checked` is what {@link check} has found of them just now.
   */
  async insertNoops(
    ids: readonly bigint[],
    around: readonly ReflexEvent[],
    checked?: Promise<ServerCheck>,
  ): Promise<InsertedNoops> {
    try {
      const before = await checked;
      const insert: SessionWork<InsertedNoops> = async (session, discard) => {
        const { obstacle, above } =
          before !== undefined && isFresh(before, session) ? before : await this.#server.check(session, around);
        if (obstacle !== undefined) return obstacle;
        const inserted = above === undefined ? undefined : await this.#insertBelow(above, ids, session);
        return (
          inserted ??
          (await inTransaction(session, { work: () => this.#checkAndInsert(session, ids, around), discard }))
        );
      };
      return await this.#session.use(insert);
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

  /** An insert that is under way comes to its end first: on a connection that is cut, the server would go on with it unseen. */
  close(): void {
    const inserting = [...this.#inserting];
    if (inserting.length === 0) return this.#session.close();
    const cancel = startTimer(LONGEST_INSERT_MS, () => this.#session.close(), { keepAlive: false });
    void Promise.allSettled(inserting).finally(() => {
      cancel();
      this.#session.close();
    });
  }

  /**
   * Inserts them in one statement that looks for the row above itself, so that neither another transaction nor a change of the
   * table comes between. Undefined if it has not, and a transaction is needed.
   */
  async #insertBelow(above: RowAbove, ids: readonly bigint[], session: Session): Promise<InsertedNoops | undefined> {
    if (!this.#fits || this.#logsStatements) return undefined;
    const inserting = this.#run(session, this.#statement(ids, above));
    this.#inserting.add(inserting);
    try {
      return await inserting;
    } catch (error) {
      if (driverFacts(error)?.number === ROW_ABOVE_MISSING) return undefined;
      throw error;
    } finally {
      this.#inserting.delete(inserting);
    }
  }

  async #checkAndInsert(
    session: Session,
    ids: readonly bigint[],
    around: readonly ReflexEvent[],
  ): Promise<InsertedNoops> {
    const { obstacle } = await this.#server.check(session, around);
    if (obstacle !== undefined) return obstacle;
    const inserted = await this.#run(session, this.#statement(ids));
    this.#fits ||= inserted.kind === "inserted" && inserted.warnings === "";
    return inserted;
  }

  #statement(ids: readonly bigint[], above?: RowAbove): NoopStatement {
    const { database, table, config, noopValues } = this.#source;
    return noopStatement({ table, config, dialect: database.dialect, noopValues }, ids, above);
  }

  async #run(session: Session, { sql, params, columns, rows }: NoopStatement): Promise<InsertedNoops> {
    const { affectedRows, warnings: count = 0 } = await session.run(sql, params, this.#limits);
    if (affectedRows === 0)
      return { kind: "inserted", warnings: await showWarnings(session, hasOwnValues(this.#source)) };
    // Each row that is there already counts as one warning.
    if (count > rows - affectedRows) await this.#judgeWarnings(session, columns, count);
    return { kind: "inserted", warnings: "" };
  }

  /** IGNORE cuts a value that does not fit. Its row would be no noop, and be delivered. @throws ReflexError `gap_unfillable` */
  async #judgeWarnings(session: Session, columns: readonly string[], count: number): Promise<void> {
    const { changed } = await readWarnings(session, count);
    const column = columns.find((name) => changed.some((value) => value.column === name));
    if (column !== undefined) throw unfillable(this.#source.table, `the value for its column ${column} does not fit`);
    const warnings = await session.control<Warning>("show warnings");
    this.#logsStatements ||= warnings.some(({ Code }) => Number(Code) === UNSAFE_STATEMENT);
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
        throw error;
      case "missing_column":
        throw this.#missingColumn(error);
      case "other":
        if (isReflexError(error)) throw error;
        throw this.#refused(error);
    }
  }

  /** Columns that the user's values name are looked up by nobody before. */
  #missingColumn(error: unknown): unknown {
    const { table, noopValues } = this.#source;
    const text = driverFacts(error)?.message ?? "";
    const column = Object.keys(noopValues).find((name) => text.includes(`'${name}'`));
    if (column === undefined) return error;
    const message = `gaps.noopValues gives a value for the column ${column}, and ${table} has none of that name: correct it there`;
    return new ReflexError("wrong_schema", message, { cause: error, details: { table } });
  }

  /**
   * Says why the table refuses the noop: in the server's own words, which a trigger may have made, as long as none of the
   * noop's values are the user's. Then the driver's error is not the cause, since loggers would print the words twice.
   */
  #refused(error: unknown): ReflexError {
    const { table } = this.#source;
    const words = driverFacts(error)?.message;
    if (words === undefined || hasOwnValues(this.#source)) return unfillable(table, kindOfCause(error), error);
    return unfillable(table, words);
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

interface Warning {
  readonly Code: unknown;
  readonly Message: string;
}

/** Why no row was inserted. */
async function showWarnings(session: Session, hasValues: boolean): Promise<string> {
  const rows = await session.control<Warning>("show warnings");
  const words = rows.map(({ Code, Message: message }) => {
    const facts = { number: Number(Code), code: undefined, sqliteCode: undefined, state: undefined, message };
    return hasValues ? driverText(facts) : message;
  });
  return [...new Set(words)].slice(0, 3).join("; ");
}
