import type { Statement } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import type { ControlChange } from "../requests/controlled-rows.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import { castCursor } from "./cursor-type.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

/** A cursor to be moved from where this process knows it to be. */
export interface CursorMove {
  readonly consumer: string;
  readonly from: string;
  readonly to: string;
  /** The position at `to`; undefined if it is unknown. */
  readonly position: string | undefined;
}

/** A row as {@link CursorStatements.read} selects it. */
export interface CursorRow {
  readonly consumer_text: string;
  readonly cursor_text: string;
  readonly time_text: string;
  /** Null where the cursor has no position, and in a table without such a column. The others likewise. */
  readonly position_text: string | null;
  readonly generation_text: string | null;
  readonly request_text: string | null;
  readonly table_text: string | null;
}

/** The numbers of consumers that one statement takes. There are few, so that a connection prepares few texts. */
export const CURSOR_STATEMENT_SIZES = [1, 10, 100, 1000] as const;
/** The most consumers that one statement takes. SQLite refuses an expression of 1000 conditions. */
export function mostConsumers({ name }: Dialect): number {
  return name === "sqlite" ? 100 : 1000;
}

// How many cursors one statement moves by comparing each row with each name. With more of them, the server would spend
// most of its time comparing.
const MOST_COMPARED = 10;

/** What the texts of the statements depend on. */
export interface CursorStatementsSource {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly dialect: Dialect;
  readonly description: TableDescription;
}

/** The SQL of a cursors table. The texts differ only by the number of consumers. */
export class CursorStatements {
  readonly #dialect: Dialect;
  readonly #int: boolean;
  readonly #table: string;
  readonly #id: string;
  readonly #cursor: string;
  readonly #time: string;
  readonly #now: string;
  /** The columns of a row's text, by the names of {@link CursorRow}. */
  readonly #columns: string;
  /** The column of the position; undefined if the table has none. */
  readonly #position: string | undefined;
  /** Reads all rows. */
  readonly all: string;
  readonly #byKey: string;
  readonly #moveMany: string | undefined;

  constructor({ table, config, dialect, description }: CursorStatementsSource) {
    const { fields } = config;
    const column = (field: string) => description.columns.get(field.toLowerCase());
    this.#dialect = dialect;
    this.#int = config.cursorType === "int";
    this.#table = dialect.quote(table);
    this.#id = dialect.quote(fields.id);
    this.#cursor = dialect.quote(fields.cursor);
    this.#time = dialect.quote(fields.time);
    // A TIMESTAMP column takes local time. UTC would be shifted, and refused in the hour that summer time leaves out.
    this.#now = column(fields.time)?.type === "timestamp" ? "now(6)" : dialect.utcNow;
    this.#position = column("position") === undefined ? undefined : dialect.quote("position");
    const extra = (name: string): string => (column(name) === undefined ? "null" : dialect.asText(dialect.quote(name)));
    this.#columns = [
      `${dialect.asText(this.#id)} as consumer_text, ${dialect.asText(this.#cursor)} as cursor_text, ${dialect.asText(this.#time)} as time_text`,
      `${extra("position")} as position_text, ${extra("generation")} as generation_text, ${extra("request")} as request_text, ${extra("table_name")} as table_text`,
    ].join(", ");
    this.all = `select ${this.#columns}, ${dialect.eventMicros(this.#time, { column: column(fields.time)?.type === "timestamp" ? "timestamp" : "datetime6", zone: undefined })} as micros_value from ${this.#table} order by ${this.#id}`;
    // Without this hint servers scan a small table, and wait for locks on rows that nobody asked for.
    const hint = dialect.name === "mysql" && column(fields.id)?.primary === true;
    this.#byKey = hint ? " force index (primary)" : "";
    // The key is of use only if the values have the collation of the column. Collations other than that of this
    // library's schema are rare.
    const joinable = hint && this.#int && column(fields.id)?.collation === "utf8mb4_bin";
    this.#moveMany = joinable ? this.#joined() : undefined;
  }

  read(consumers: readonly string[]): Statement {
    const params = padded(consumers);
    const marks = params.map(() => "?").join(", ");
    const sql = `select ${this.#columns} from ${this.#table} where ${this.#id} in (${marks})`;
    return { sql, params };
  }

  /** Adds rows, and leaves the existing ones as they are. */
  insert(moves: readonly Omit<CursorMove, "from">[]): Statement {
    const all = padded(moves);
    const row = `(?, ${this.#value}, ${this.#now}${this.#position === undefined ? "" : ", ?"})`;
    // INSERT IGNORE would cut values to fit.
    const otherwise =
      this.#dialect.name === "mysql" ? `on duplicate key update ${this.#id} = ${this.#id}` : "on conflict do nothing";
    const names = [this.#id, this.#cursor, this.#time, ...(this.#position === undefined ? [] : [this.#position])];
    const sql = `insert into ${this.#table} (${names.join(", ")}) values ${all.map(() => row).join(", ")} ${otherwise}`;
    return {
      sql,
      params: all.flatMap(({ consumer, to, position }) => [consumer, to, ...this.#positionParams(position)]),
    };
  }

  /** Moves each cursor that still is where this process thinks it to be. Leaves the others. */
  move(moves: readonly CursorMove[]): Statement {
    if (this.#moveMany !== undefined && moves.length > MOST_COMPARED) {
      const values = moves.map(({ consumer, from, to, position }) => {
        return [
          consumer,
          String(castCursor("int", from)),
          to,
          ...(this.#position === undefined ? [] : [position ?? ""]),
        ];
      });
      return { sql: this.#moveMany, params: [JSON.stringify(values)] };
    }
    const all = padded(moves);
    const cases = all.map(() => `when ? then ${this.#value}`).join(" ");
    const conditions = all
      .map(() => `(${this.#id} = ? and ${this.#comparable} = ${this.#comparableValue})`)
      .join(" or ");
    const sets = [`${this.#cursor} = case ${this.#id} ${cases} end`, `${this.#time} = ${this.#now}`];
    if (this.#position !== undefined) {
      sets.push(`${this.#position} = case ${this.#id} ${all.map(() => "when ? then ?").join(" ")} end`);
    }
    const sql = `update ${this.#table}${this.#byKey} set ${sets.join(", ")} where ${conditions}`;
    const params = [
      ...all.flatMap(({ consumer, to }) => [consumer, to]),
      ...(this.#position === undefined
        ? []
        : all.flatMap(({ consumer, position }) => [consumer, ...this.#positionParams(position)])),
      ...all.flatMap(({ consumer, from }) => [consumer, this.#int ? String(castCursor("int", from)) : from]),
    ];
    return { sql, params };
  }

  /** Changes what is asked of a consumer, and with it the cursor or not. It compares with the row as it was read. */
  change(consumer: string, { row, document, cursor }: ControlChange): Statement {
    const quote = (column: string): string => this.#dialect.quote(column);
    const generation = `coalesce(${quote("generation")}, 0) = ${this.#dialect.integerParam}`;
    const here = `${this.#id} = ? and ${generation}`;
    const seen = [consumer, String(row.generation)];
    const from = this.#int ? String(castCursor("int", row.cursor)) : row.cursor;
    const still = `${here} and ${this.#comparable} = ${this.#comparableValue}`;
    if (cursor === "deleted") return { sql: `delete from ${this.#table} where ${still}`, params: [...seen, from] };
    const set = `${quote("generation")} = ${this.#dialect.integerParam}, ${quote("request")} = ?`;
    const params = [String(row.generation + 1n), JSON.stringify(document)];
    const update = `update ${this.#table}${this.#byKey} set ${set}`;
    if (cursor === undefined) return { sql: `${update} where ${here}`, params: [...params, ...seen] };
    const position = this.#position === undefined ? "" : `, ${this.#position} = ?`;
    const sql = `${update}, ${this.#cursor} = ${this.#value}, ${this.#time} = ${this.#now}${position} where ${still}`;
    return { sql, params: [...params, cursor.cursor, ...this.#positionParams(cursor.position), ...seen, from] };
  }

  /** Writes in which table the consumer's cursor is a position. */
  nameTable(consumer: string, table: string): Statement {
    const sql = `update ${this.#table}${this.#byKey} set ${this.#dialect.quote("table_name")} = ? where ${this.#id} = ?`;
    return { sql, params: [table, consumer] };
  }

  /**
   * One text for any number of cursors. The server looks up each row by its key, in the order in which the cursors are
   * given.
   */
  #joined(): string {
    // What JSON_TABLE makes of a null differs between servers.
    const positions =
      this.#position === undefined
        ? ""
        : ", moved_position varchar(255) character set utf8mb4 collate utf8mb4_bin path '$[3]' error on empty error on error";
    const position =
      this.#position === undefined ? "" : `, cursors.${this.#position} = nullif(moves.moved_position, '')`;
    const or = "error on empty error on error";
    const moves = `json_table(?, '$[*]' columns (consumer varchar(255) character set utf8mb4 collate utf8mb4_bin path '$[0]' ${or}, moved_from bigint path '$[1]' ${or}, moved_to bigint path '$[2]' ${or}${positions}))`;
    return `update ${moves} as moves straight_join ${this.#table} as cursors${this.#byKey} on cursors.${this.#id} = moves.consumer and ${this.#comparable} = moves.moved_from set cursors.${this.#cursor} = moves.moved_to, cursors.${this.#time} = ${this.#now}${position}`;
  }

  #positionParams(position: string | undefined): (string | null)[] {
    return this.#position === undefined ? [] : [position ?? null];
  }

  get #value(): string {
    return this.#int ? this.#dialect.integerParam : "?";
  }

  // The cursor's column in a form that compares exactly. Text that is bound to an integer column is compared as a
  // float, in which ids beyond 2^53 equal their neighbours.
  get #comparable(): string {
    const text = this.#dialect.asText(this.#cursor);
    // A strict server refuses, in an UPDATE, to take '' for 0.
    if (this.#int) return this.#dialect.asInteger(`coalesce(nullif(${text}, ''), '0')`);
    // Converted to text first: the column's bytes are those of its own character set, the value's bytes those of the
    // connection's.
    return this.#dialect.asBytes(text);
  }

  get #comparableValue(): string {
    return this.#int ? this.#dialect.integerParam : this.#dialect.asBytes("?");
  }
}

/** Repeats the last item up to the next statement size. To say the same twice changes none of these statements. */
function padded<I>(items: readonly I[]): I[] {
  const size = CURSOR_STATEMENT_SIZES.find((candidate) => candidate >= items.length) ?? items.length;
  const last = items.at(-1);
  return last === undefined ? [] : [...items, ...Array.from({ length: size - items.length }, () => last)];
}
