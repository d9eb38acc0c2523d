import type { Database } from "../../database/database.ts";
import { isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import {
  type ColumnDescription,
  type DescribedDatabase,
  describeTable,
  type TableDescription,
} from "./table-columns.ts";

/** Checks one column. Returns what is wrong and how to mend it; undefined if nothing is. */
export type ColumnCheck = (column: ColumnDescription) => string | undefined;

/** The columns that a table must have: the name of each, the option that names it, and its check. */
export type ColumnChecks = readonly { field: string; option: string; check?: ColumnCheck }[];

/** Checks a table beyond single columns. Returns what is wrong and how to mend it. */
export type TableCheck = (description: TableDescription) => readonly string[];

const INTEGER_TYPES = new Set(["tinyint", "smallint", "mediumint", "int", "integer", "bigint"]);
const TEXT_TYPES = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "binary", "varbinary"]);

export const integerColumn: ColumnCheck = ({ type }) =>
  INTEGER_TYPES.has(type) ? undefined : "must be an integer, for example bigint";

export const textColumn: ColumnCheck = ({ type }) =>
  TEXT_TYPES.has(type) ? undefined : "must be text, for example varchar(255)";

export const integerOrTextColumn: ColumnCheck = (column) =>
  integerColumn(column) === undefined || textColumn(column) === undefined ? undefined : "must be bigint";

/**
 * Checks that a table is there and has certain columns. Remembers for each database which tables passed.
 * @throws ReflexError `wrong_schema`, naming each thing to change.
 */
export class SchemaCheck {
  readonly #table: string;
  readonly #checks: (database: Pick<DescribedDatabase, "dialect">) => ColumnChecks;
  readonly #tableCheck: TableCheck;
  readonly #passed = new WeakMap<object, TableDescription>();
  readonly #running = new WeakMap<object, Promise<{ readonly error: unknown }>>();

  constructor(
    table: string,
    checks: (database: Pick<DescribedDatabase, "dialect">) => ColumnChecks,
    tableCheck: TableCheck = () => [],
  ) {
    this.#table = table;
    this.#checks = checks;
    this.#tableCheck = tableCheck;
  }

  /** The table's description, once it has passed. Calls at the same time share one look at the table. */
  async pass(database: Database, options: CallOptions): Promise<TableDescription> {
    const { signal, timeoutMs } = options;
    for (;;) {
      const passed = this.#passed.get(database.identity);
      if (passed !== undefined) return passed;
      const running = this.#running.get(database.identity);
      if (running === undefined) return this.#run(database, options);
      const result = await withTimeLimit(running, { signal, timeoutMs, what: `the look at ${this.#table}` });
      // The abort or time limit of the caller that looked says nothing about the table.
      if (isReflexError(result.error, "wrong_schema")) throw result.error;
    }
  }

  /** What keeps a table of this description from passing. */
  problems(description: TableDescription, database: Pick<DescribedDatabase, "dialect">): string[] {
    return [
      ...engineProblems(description),
      ...columnProblems(description, this.#checks(database)),
      ...this.#tableCheck(description),
    ];
  }

  async #run(database: Database, options: CallOptions): Promise<TableDescription> {
    const look = this.#look(database, options);
    const running = look.then(
      () => ({ error: undefined }),
      (error: unknown) => ({ error }),
    );
    this.#running.set(database.identity, running);
    try {
      return await look;
    } finally {
      this.#running.delete(database.identity);
    }
  }

  async #look(database: Database, options: CallOptions): Promise<TableDescription> {
    const description = await describeTable(database, this.#table, options);
    const problems = this.problems(description, database);
    if (problems.length > 0) {
      throw new ReflexError("wrong_schema", `table ${this.#table} can't be used: ${problems.join("; ")}`, {
        details: { table: this.#table, problems: problems.length },
      });
    }
    this.#passed.set(database.identity, description);
    return description;
  }
}

function engineProblems({ engine }: TableDescription): string[] {
  if (engine === "InnoDB" || engine === "SQLite") return [];
  return [`its engine must be InnoDB, which rolls back, found ${engine === "" ? "a view" : engine}`];
}

function columnProblems({ columns }: TableDescription, checks: ColumnChecks): string[] {
  return checks.flatMap(({ field, option, check }) => {
    const column = columns.get(field.toLowerCase());
    if (column === undefined) return [`it has no column ${field}: add it, or name the right one in option ${option}`];
    const problem = check?.(column);
    return problem === undefined ? [] : [`column ${column.name} is ${column.fullType} and ${problem}`];
  });
}
