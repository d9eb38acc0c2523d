import { readWarnings } from "../../database/changed-values.ts";
import type { Executor, RunResult, Statement } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import { checkCarried, hasMoreThanAscii } from "../../database/drivers/connection-charset.ts";
import { ConnectionExecutor } from "../../database/drivers/connection-executor.ts";
import type { OpenTransaction } from "../../database/handles/collected-notifies.ts";
import { duplicateKeyName } from "../../database/sql-errors.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import { exhaustedIds } from "./exhausted-ids.ts";
import { InsertLook, type SeenTable } from "./insert-look.ts";
import { hasChanged, insertedColumns, valueProblem, wouldChange } from "./insert-values.ts";
import type { TableDefinition } from "./table-context.ts";

export interface InsertRunnerSource extends TableDefinition {
  /** Called when a noop had taken the id that the server gave to a row. */
  readonly onDuplicateId: () => void;
  /** The check of the table that its streams make. */
  readonly schemaCheck: SchemaCheck;
  readonly reporting: Reporting;
}

/** A transaction that events are inserted into. */
export interface InsertPlace {
  readonly executor: Executor;
  readonly dialect: Dialect;
  /** What is collected for a transaction of `transaction()`; undefined for one that the user opened. */
  readonly open: OpenTransaction | undefined;
  /** What the database is recognised by; undefined if that is unknown. */
  readonly identity: object | undefined;
  /** The statement that was sent last, for the error of one that fails. */
  sent: Statement | undefined;
}

/** Whether nobody counts the server's warnings: the drivers do, an executor of the user's own does not. */
export function lacksWarnings({ executor, dialect }: InsertPlace): boolean {
  return dialect.name === "mysql" && !(executor instanceof ConnectionExecutor);
}

/** The values of a statement, for one row after the other. */
type Values = Pick<Statement, "params">;

export interface BoundedStatement extends Statement {
  readonly options?: CallOptions | undefined;
}

// How often a statement is tried whose id was taken by a noop. That statement alone is undone, and the next try gets
// new ids.
const MOST_TRIES = 4;

/** Runs the statements of inserts into one table, and refuses what would not be stored as it was given. */
export class InsertRunner {
  readonly #source: InsertRunnerSource;
  /** What is known of the table. */
  readonly look: InsertLook;

  constructor(source: InsertRunnerSource) {
    this.#source = source;
    const { table, config, schemaCheck, reporting } = source;
    const { foreignId, type: typeColumn, metadata, trace } = config.fields;
    const columns = [foreignId, metadata, trace].filter((field) => field !== undefined);
    this.look = new InsertLook({
      table,
      columns,
      typeColumn,
      schemaCheck,
      reporting,
      timeoutMs: config.statementTimeoutMs,
    });
  }

  /**
   * Checks before the insert what nobody would tell of after it. Resolves at once, without a promise, where that can be told from
   * what is known.
   * @throws ReflexError `value_changed`
   */
  checkValues(place: InsertPlace, statements: readonly Values[]): Promise<void> | undefined {
    const seen = this.look.known(place);
    const lengths = lacksWarnings(place);
    if (seen !== undefined && !lengths && (seen.description === undefined || !seen.mayChange)) return undefined;
    return this.#checkSeen(place, { statements, seen, lengths });
  }

  /**
   * Whether types go as text. The server makes the same number of it, and mysql2 needs a tenth of the time for a text that it needs
   * for a whole number, where the server has told it that the column holds such.
   */
  typesAsText(place: InsertPlace): boolean {
    return place.executor instanceof ConnectionExecutor && this.look.known(place)?.typeIsInteger === true;
  }

  async #checkSeen(
    place: InsertPlace,
    {
      statements,
      seen: before,
      lengths,
    }: { statements: readonly Values[]; seen: SeenTable | undefined; lengths: boolean },
  ): Promise<void> {
    const seen = before ?? (await this.look.first(place));
    if (lengths) await this.#checkCarried(place.executor, statements);
    if (seen.description === undefined || !(seen.mayChange || lengths)) return;
    if (this.#problem(statements, { place, lengths, description: seen.description }) === undefined) return;
    // The table may have been changed since it was looked at.
    const { description } = await this.look.again(place);
    const problem = description && this.#problem(statements, { place, lengths, description });
    if (problem !== undefined) throw wouldChange(this.#source.table, problem);
  }

  async #checkCarried(executor: Executor, statements: readonly Values[]): Promise<void> {
    for (const { params } of statements) {
      if (hasMoreThanAscii(params)) checkCarried(params, await this.look.carried(executor));
    }
  }

  #problem(
    statements: readonly Values[],
    { place, lengths, description }: { place: InsertPlace; lengths: boolean; description: TableDescription },
  ): string | undefined {
    const columns = insertedColumns(this.#source.config.fields);
    for (const { params } of statements) {
      const problem = valueProblem({ description, dialect: place.dialect, columns, params, lengths });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async run(place: InsertPlace, statement: BoundedStatement): Promise<RunResult> {
    const { sql, params, options } = statement;
    place.sent = statement;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await place.executor.run(sql, params, this.limits(options));
        if ((result.warnings ?? 0) > 0) await this.#refuseChanged(place, statement, result.warnings ?? 0);
        return result;
      } catch (error) {
        const { description } = this.look.known(place) ?? {};
        const exhausted = await exhaustedIds(error, { ...this.#source, ...place, description });
        if (exhausted !== undefined) throw exhausted;
        // A duplicate in any other unique key is the caller's affair.
        if (duplicateKeyName(error) !== "PRIMARY" || attempt === MOST_TRIES) throw error;
        this.#source.onDuplicateId();
      }
    }
  }

  /**
   * Refuses what a server outside of strict mode has made of the values. To undo it is the transaction's part: one of
   * `transaction()` does not commit after this.
   * @throws ReflexError `value_changed`
   */
  async #refuseChanged(place: InsertPlace, { params }: BoundedStatement, count: number): Promise<void> {
    const { table, config } = this.#source;
    const { changed, complete } = await readWarnings(place.executor, count);
    if (changed.length === 0 && complete) return;
    const { description } = config.inserter === undefined ? await this.look.again(place) : { description: undefined };
    const problem = description && this.#problem([{ params }], { place, lengths: true, description });
    if (changed.length === 0 && problem === undefined) return;
    const error = hasChanged(table, changed, problem);
    if (place.open !== undefined) place.open.lost = error;
    throw error;
  }

  /** The limits of one statement. */
  limits(options: CallOptions = {}): CallOptions {
    return { ...options, timeoutMs: options.timeoutMs ?? this.#source.config.statementTimeoutMs };
  }
}
