import type { Database, SqlParam } from "../../database/database.ts";
import { tableError } from "../../database/table-error.ts";
import type { CursorRequestKind } from "../../reflex/cursor-requests.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkFits } from "../schema/column-capacity.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import { changesSchemaCheck } from "./changes-table-schema.ts";

/** What is recorded of a request before it is made. */
export interface ChangeToRecord {
  /** The name of the consumer. */
  readonly consumer: string;
  /** What was asked. */
  readonly kind: CursorRequestKind;
  /** The cursor when it was asked, and once it is answered the one just before that. */
  readonly from: string;
  /** The cursor that was asked for, or the id of the event to be skipped; "" for the other kinds. */
  readonly to: string;
  /** Who asked. */
  readonly by: string;
  /** Why; "" if that was not said. */
  readonly reason: string;
}

/** A request as the table of changes has it. */
export interface CursorChangeRecord extends ChangeToRecord {
  /** The id of the record, in decimal. */
  readonly id: string;
  /**
   * What became of the request: `asked` as long as it is not answered, `obeyed` or `refused` by a run, `forced`: done without
   * one, `replaced` by another request, `withdrawn`.
   */
  readonly outcome: "asked" | "obeyed" | "refused" | "forced" | "replaced" | "withdrawn";
  /** When it was asked, by the server's clock. */
  readonly askedAt: Date;
  /** When it was answered; undefined as long as it is not. */
  readonly answeredAt: Date | undefined;
}

const LONGEST_OUTCOME = "withdrawn" satisfies CursorChangeRecord["outcome"];

interface ChangeRow {
  readonly id_text: string;
  readonly consumer_text: string;
  readonly kind_text: CursorRequestKind;
  readonly from_text: string;
  readonly to_text: string;
  readonly by_text: string;
  readonly reason_text: string;
  readonly outcome_text: CursorChangeRecord["outcome"];
  readonly asked_micros: string | number | bigint;
  readonly answered_micros: string | number | bigint | null;
}

export interface CursorChangesSource {
  /** The name of the table of changes. */
  readonly table: string;
  /** The cursors table whose changes it records. */
  readonly cursorsTable: string;
  readonly database: Database;
}

/** The records of what people have asked of the consumers of one cursors table: who, when, from where and to where. */
export class CursorChanges {
  readonly #source: CursorChangesSource;
  readonly #check: SchemaCheck;
  readonly #name: string;

  constructor(source: CursorChangesSource) {
    this.#source = source;
    this.#check = changesSchemaCheck(source.table);
    this.#name = source.database.dialect.quote(source.table);
  }

  /** Records a request that is about to be made. Resolves with the id of the record. */
  async record({ consumer, kind, from, to, by, reason }: ChangeToRecord, options: CallOptions): Promise<string> {
    const { database, cursorsTable } = this.#source;
    const description = await this.#check.pass(database, options);
    const values = {
      cursors_table: cursorsTable,
      consumer,
      kind,
      cursor_from: from,
      cursor_to: to,
      asked_by: by,
      reason,
    };
    for (const [column, value] of Object.entries(values)) {
      checkFits(this.#source.table, description.columns.get(column), value);
    }
    checkFits(this.#source.table, description.columns.get("outcome"), LONGEST_OUTCOME);
    const columns = `${Object.keys(values).join(", ")}, outcome, asked_at`;
    const sql = `insert into ${this.#name} (${columns}) values (?, ?, ?, ?, ?, ?, ?, 'asked', ${database.dialect.utcNow})`;
    const params = Object.values(values);
    return (await this.#run("write", () => database.run(sql, params, options), options)).insertId;
  }

  /** Notes what became of a request. */
  async settle(
    id: string,
    { outcome, from }: { outcome: CursorChangeRecord["outcome"]; from: string },
    options: CallOptions,
  ): Promise<void> {
    const { database } = this.#source;
    const sql = `update ${this.#name} set outcome = ?, cursor_from = ?, answered_at = ${database.dialect.utcNow} where id = ${database.dialect.integerParam}`;
    await this.#run("write", () => database.run(sql, [outcome, from, id], options), options);
  }

  /** The newest records first. */
  async list(
    { consumer, limit }: { consumer: string | undefined; limit: number },
    options: CallOptions,
  ): Promise<CursorChangeRecord[]> {
    const { database, cursorsTable } = this.#source;
    const { dialect } = database;
    await this.#check.pass(database, options);
    const text = (column: string, alias: string): string => `${dialect.asText(column)} as ${alias}_text`;
    const micros = (column: string): string => dialect.eventMicros(column, { column: "datetime6", zone: undefined });
    const columns = [
      text("id", "id"),
      ...["consumer", "kind", "reason", "outcome"].map((column) => text(column, column)),
      text("cursor_from", "from"),
      text("cursor_to", "to"),
      text("asked_by", "by"),
      `${micros("asked_at")} as asked_micros`,
      `case when answered_at is null then null else ${micros("answered_at")} end as answered_micros`,
    ];
    const where = consumer === undefined ? "" : " and consumer = ?";
    const sql = `select ${columns.join(", ")} from ${this.#name} c where cursors_table = ?${where} order by c.id desc limit ${limit}`;
    const params: SqlParam[] = consumer === undefined ? [cursorsTable] : [cursorsTable, consumer];
    const rows = await this.#run("read", () => database.rows<ChangeRow>(sql, params, options), options);
    return rows.map(toRecord);
  }

  async #run<R>(activity: "read" | "write", work: () => Promise<R>, { signal }: CallOptions): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw tableError(error, { table: this.#source.table, activity, signal });
    }
  }
}

function toRecord(row: ChangeRow): CursorChangeRecord {
  const { answered_micros: answeredMicros } = row;
  return {
    id: row.id_text,
    consumer: row.consumer_text,
    kind: row.kind_text,
    from: row.from_text,
    to: row.to_text,
    by: row.by_text,
    reason: row.reason_text,
    outcome: row.outcome_text,
    askedAt: toDate(row.asked_micros),
    answeredAt: answeredMicros === null ? undefined : toDate(answeredMicros),
  };
}

function toDate(micros: string | number | bigint): Date {
  return new Date(Math.floor(Number(micros) / 1000));
}
