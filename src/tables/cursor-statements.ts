import type { SqlParam } from "../database/database.ts";
import type { Dialect } from "../database/dialect.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

/** A statement and the values of its placeholders. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly SqlParam[];
}

/** A cursor to be moved from where this process knows it to be. */
export interface CursorMove {
  readonly consumer: string;
  readonly from: string;
  readonly to: string;
}

/** A row as {@link CursorStatements.read} selects it. */
export interface CursorRow {
  readonly consumer_text: string;
  readonly cursor_text: string;
  readonly time_text: string;
}

/** How many consumers one statement takes. Few sizes keep the texts few that a connection prepares. */
export const CURSOR_STATEMENT_SIZES = [1, 10, 100, 1000] as const;

/** The SQL of a cursors table. Texts differ by the number of consumers only. */
export class CursorStatements {
  readonly #dialect: Dialect;
  readonly #int: boolean;
  readonly #table: string;
  readonly #id: string;
  readonly #cursor: string;
  readonly #time: string;

  constructor(table: string, config: CursorsTableConfig, dialect: Dialect) {
    this.#dialect = dialect;
    this.#int = config.cursorType === "int";
    this.#table = dialect.quote(table);
    this.#id = dialect.quote(config.fields.id);
    this.#cursor = dialect.quote(config.fields.cursor);
    this.#time = dialect.quote(config.fields.time);
  }

  read(consumers: readonly string[]): Statement {
    const asText = (column: string): string => this.#dialect.asText(column);
    const params = padded(consumers);
    const marks = params.map(() => "?").join(", ");
    const sql = `select ${asText(this.#id)} as consumer_text, ${asText(this.#cursor)} as cursor_text, ${asText(this.#time)} as time_text from ${this.#table} where ${this.#id} in (${marks})`;
    return { sql, params };
  }

  /** Adds rows. Fails as a whole if one of them is there. */
  insert(moves: readonly { consumer: string; to: string }[]): Statement {
    const row = `(?, ${this.#value}, ${this.#dialect.utcNow})`;
    const sql = `insert into ${this.#table} (${this.#id}, ${this.#cursor}, ${this.#time}) values ${moves.map(() => row).join(", ")}`;
    return { sql, params: moves.flatMap(({ consumer, to }) => [consumer, to]) };
  }

  /** Moves each cursor that is still where it is thought to be; leaves the others. */
  move(moves: readonly CursorMove[]): Statement {
    const all = padded(moves);
    const cases = all.map(() => `when ? then ${this.#value}`).join(" ");
    const conditions = all
      .map(() => `(${this.#id} = ? and ${this.#comparable} = ${this.#comparableValue})`)
      .join(" or ");
    const sql = `update ${this.#table} set ${this.#cursor} = case ${this.#id} ${cases} end, ${this.#time} = ${this.#dialect.utcNow} where ${conditions}`;
    const params = [
      ...all.flatMap(({ consumer, to }) => [consumer, to]),
      ...all.flatMap(({ consumer, from }) => [consumer, from]),
    ];
    return { sql, params };
  }

  get #value(): string {
    return this.#int ? this.#dialect.integerParam : "?";
  }

  // Text bound to an integer column would be compared as a float: ids beyond 2^53 would equal their neighbours.
  get #comparable(): string {
    return this.#int ? this.#dialect.asInteger(this.#cursor) : this.#dialect.asBytes(this.#cursor);
  }

  get #comparableValue(): string {
    return this.#int ? this.#dialect.integerParam : this.#dialect.asBytes("?");
  }
}

/** Repeats the last item up to the next statement size; saying a thing twice changes none of these statements. */
function padded<I>(items: readonly I[]): I[] {
  const size = CURSOR_STATEMENT_SIZES.find((candidate) => candidate >= items.length) ?? items.length;
  const last = items.at(-1);
  return last === undefined ? [] : [...items, ...Array.from({ length: size - items.length }, () => last)];
}
