import type { Executor } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import { type CarriedCharacters, CHARSET_QUESTION, carriedBy } from "../../database/drivers/connection-charset.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import { holdsIntegers, mayChangeSilently } from "../schema/stored-value.ts";
import { type ColumnDescription, describeTable, type TableDescription } from "../schema/table-columns.ts";
import { losesTransaction } from "./lost-transaction.ts";

/** A transaction through which the table can be looked at. */
export interface LookTarget {
  readonly executor: Executor;
  readonly dialect: Dialect;
  /** What its database is recognised by; undefined for a connection of which nobody knows whence it comes. */
  readonly identity: object | undefined;
}

/** A table as it was found. */
export interface SeenTable {
  /** Undefined if the table could not be looked at. */
  readonly description: TableDescription | undefined;
  /** Whether some column may make another value of what is inserted, without a word. */
  readonly mayChange: boolean;
  /** Whether the column of types is known to hold whole numbers. */
  readonly typeIsInteger: boolean;
}

export interface InsertLookSource {
  readonly table: string;
  /** The columns of text and bytes that an insert fills. */
  readonly columns: readonly string[];
  readonly typeColumn: string;
  readonly schemaCheck: SchemaCheck;
  readonly reporting: Reporting;
  readonly timeoutMs: number | undefined;
}

/**
 * Looks at a table before the first insert into it, once a database: at what its columns make of values in silence, and
 * whether its streams would refuse it, which otherwise nobody learns before the first stream.
 */
export class InsertLook {
  readonly #source: InsertLookSource;
  readonly #seen = new WeakMap<object, SeenTable>();
  /** What connections carry, by executors of the user's own. */
  readonly #carried = new WeakMap<Executor, CarriedCharacters>();
  /** Stands for the database of connections of which nobody knows whence they come. */
  readonly #unknown = {};
  /** Why streams refuse the table, as long as nobody was told. */
  #untold: readonly string[] = [];

  constructor(source: InsertLookSource) {
    this.#source = source;
  }

  /** The table as it was when it was looked at last; undefined if it was not yet. */
  known(target: LookTarget): SeenTable | undefined {
    return this.#seen.get(target.identity ?? this.#unknown);
  }

  /** Looks for the first time. */
  async first(target: LookTarget): Promise<SeenTable> {
    const { schemaCheck } = this.#source;
    const seen = await this.again(target);
    if (seen.description === undefined) return seen;
    this.#untold = schemaCheck.problems(seen.description, target);
    return seen;
  }

  /** The table as it is now. */
  async again(target: LookTarget): Promise<SeenTable> {
    const { table, columns, typeColumn, timeoutMs } = this.#source;
    const { executor, dialect } = target;
    const rows: Executor["rows"] = (sql, params, options) => executor.rows(sql, params, options);
    const description = await describeTable({ dialect, rows }, table, { timeoutMs }).catch((error: unknown) => {
      if (losesTransaction(error)) throw error;
      return undefined;
    });
    const describe = (name: string): ColumnDescription | undefined => description?.columns.get(name.toLowerCase());
    const described = columns.map(describe);
    const type = describe(typeColumn);
    const mayChange = described.some((column) => column !== undefined && mayChangeSilently(column, dialect));
    const seen = { description, mayChange, typeIsInteger: type !== undefined && holdsIntegers(type) };
    this.#seen.set(target.identity ?? this.#unknown, seen);
    return seen;
  }

  /** Which characters the connection of an executor of the user's own carries. Its server is asked, once an executor. */
  async carried(executor: Executor): Promise<CarriedCharacters> {
    const before = this.#carried.get(executor);
    if (before !== undefined) return before;
    const { timeoutMs } = this.#source;
    const asking = executor.rows<{ charset_text: string }>(CHARSET_QUESTION, [], { timeoutMs });
    const [row] = await asking.catch((error: unknown) => {
      if (losesTransaction(error)) throw error;
      return [];
    });
    // What the server does not tell is no ground to refuse an event.
    const carried = row === undefined ? "all" : carriedBy(row.charset_text);
    this.#carried.set(executor, carried);
    return carried;
  }

  /** Has the next insert look again if nothing was found: the table may be made by then. */
  forget(target: LookTarget): void {
    const key = target.identity ?? this.#unknown;
    if (this.#seen.get(key)?.description === undefined) this.#seen.delete(key);
  }

  /** Warns, once an insert went in, of what the look has found. */
  tell(): void {
    if (this.#untold.length === 0) return;
    const { table, reporting } = this.#source;
    const problems = this.#untold;
    this.#untold = [];
    const message = `${table} takes inserts, but streams refuse to read it (wrong_schema): ${problems.join("; ")}`;
    reporting.warn(message, { table, problems: problems.length });
  }
}
