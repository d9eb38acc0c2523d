import type { Database, SqlParam } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { type EventRow, eventColumns } from "../event-row.ts";
import type { EventsTableConfig } from "../events-table-options.ts";
import { tableError } from "../table-error.ts";
import { HEAD_LOOK_BACK } from "./head-start.ts";
import { type SharedSession, shareSession } from "./shared-session.ts";

export interface PageReaderSource {
  readonly table: string;
  readonly config: EventsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
}

/** The reads of one stream on its events table. */
export class PageReader {
  readonly #source: PageReaderSource;
  readonly #session: SharedSession;
  readonly #columns: string;
  readonly #table: string;
  readonly #id: string;

  constructor(source: PageReaderSource) {
    this.#source = source;
    const { dialect } = source.database;
    this.#session = shareSession(source.database);
    this.#columns = eventColumns(dialect, source.config);
    this.#table = `${dialect.quote(source.table)} as t`;
    this.#id = `t.${dialect.quote(source.config.fields.id)}`;
  }

  /** Up to `limit` rows after the cursor, ascending. */
  async read(after: string, limit: number): Promise<EventRow[]> {
    const { table, reporting, database } = this.#source;
    const startedAt = performance.now();
    const rows = await this.#rows<EventRow>(
      `select ${this.#columns} from ${this.#table} where ${this.#id} > ${database.dialect.integerParam} order by ${this.#id} limit ${limit}`,
      [after],
    );
    if (reporting.wants("poll")) {
      reporting.tell("poll", { table, after, rows: rows.length, durationMs: performance.now() - startedAt });
    }
    return rows;
  }

  /** The highest committed id; 0 in an empty table. */
  async readHead(): Promise<bigint> {
    const { dialect } = this.#source.database;
    const [row] = await this.#rows<{ head_text: string | null }>(
      `select ${dialect.asText(`max(${this.#id})`)} as head_text from ${this.#table}`,
      [],
    );
    return BigInt(row?.head_text ?? 0);
  }

  /** The committed ids of the last {@link HEAD_LOOK_BACK}, ascending, as one consistent read. */
  async readRecentIds(): Promise<bigint[]> {
    const { database, table, config } = this.#source;
    const { dialect } = database;
    const head = `(select max(h.${dialect.quote(config.fields.id)}) from ${dialect.quote(table)} as h)`;
    const rows = await this.#rows<{ id_text: string }>(
      `select ${dialect.asText(this.#id)} as id_text from ${this.#table} where ${this.#id} > ${head} - ${HEAD_LOOK_BACK} order by ${this.#id}`,
      [],
    );
    return rows.map((row) => BigInt(row.id_text));
  }

  /** The server's clock in ms since 1970. */
  async readClock(): Promise<number> {
    const [row] = await this.#rows<{ now_micros: string | number | bigint }>(
      `select ${this.#source.database.dialect.nowMicros} as now_micros`,
      [],
    );
    return Number(row?.now_micros) / 1000;
  }

  close(): void {
    this.#session.close();
  }

  async #rows<R extends object>(sql: string, params: readonly SqlParam[]): Promise<R[]> {
    const { table, config } = this.#source;
    try {
      return await this.#session.rows<R>(sql, params, config);
    } catch (error) {
      throw tableError(error, { table, activity: "read" });
    }
  }
}
