import type { SqlParam, Statement } from "../../database/database.ts";
import type { Dialect, TimeStorage } from "../../database/dialect.ts";
import { ErrorStatus, type ErrorToRecord } from "../../reflex/consumer-error.ts";
import { integerColumn } from "../schema/schema-check.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { ErrorsTableConfig } from "./errors-table-options.ts";
import type { ErrorFields } from "./errors-table-schema.ts";

/** A row as {@link ErrorStatements} selects it. Drivers give integers as numbers, bigints or text. */
export interface ErrorRow {
  readonly id_text: string;
  readonly consumer_text: string;
  readonly event_id_text: string;
  readonly message_text: string;
  readonly status_number: string | number | bigint;
  readonly attempts_number: string | number | bigint | null;
  readonly created_micros: string | number | bigint;
  readonly updated_micros: string | number | bigint;
  /** Whether the row had the consumer and the event's id in each other's columns; see {@link asMeant}. */
  readonly swapped?: boolean;
}

/** Which errors to list. What is undefined does not restrict them. */
export interface ErrorFilter {
  readonly consumer: string | undefined;
  readonly statuses: readonly ErrorStatus[] | undefined;
  /** The id after which errors are listed. */
  readonly after: string;
  readonly limit: number;
}

/** The SQL of an errors table, according to its columns. */
export class ErrorStatements {
  readonly #dialect: Dialect;
  readonly #description: TableDescription;
  readonly #table: string;
  readonly #fields: ErrorFields;
  readonly #eventIdParam: string;
  readonly #hasAttempts: boolean;

  constructor(config: ErrorsTableConfig, dialect: Dialect, description: TableDescription) {
    this.#dialect = dialect;
    this.#description = description;
    this.#table = dialect.quote(config.table);
    this.#fields = config.fields;
    this.#eventIdParam = this.hasIntegerEventIds ? dialect.integerParam : "?";
    this.#hasAttempts = this.column("attempts") !== undefined;
  }

  get hasIntegerEventIds(): boolean {
    const column = this.column("eventId");
    return column !== undefined && integerColumn(column) === undefined;
  }

  column(name: keyof ErrorFields): ColumnDescription | undefined {
    return this.#description.columns.get(this.#fields[name].toLowerCase());
  }

  /**
   * Adds the row, or brings the existing one up to date. It is one statement, so that two at once can't both add a row.
   */
  record({ consumer, eventId, message }: ErrorToRecord, status: ErrorStatus): Statement {
    const updated = this.#now("updatedAt");
    const columns = ["consumer", "eventId", "message", "status", "createdAt", "updatedAt"] as const;
    const values = ["?", this.#eventIdParam, "?", "?", this.#now("createdAt"), updated];
    const changes = [
      `${this.#quoted("message")} = ?`,
      `${this.#quoted("status")} = ?`,
      `${this.#quoted("updatedAt")} = ${updated}`,
    ];
    const names = columns.map((name) => this.#quoted(name));
    if (this.#hasAttempts) {
      const attempts = this.#quoted("attempts");
      names.push(attempts);
      values.push("1");
      // The name is qualified. Without that, SQLite would not know whether the row's value is meant or the new one.
      const counted = `coalesce(${this.#table}.${attempts}, 1)`;
      const { largest } = this.column("attempts") ?? {};
      // Beyond its largest number a strict server would refuse the whole record, time and again.
      changes.push(
        `${attempts} = ${largest === undefined ? `${counted} + 1` : `least(${counted}, ${largest - 1n}) + 1`}`,
      );
    }
    const otherwise =
      this.#dialect.name === "mysql"
        ? "on duplicate key update"
        : `on conflict (${this.#quoted("consumer")}, ${this.#quoted("eventId")}) do update set`;
    const sql = `insert into ${this.#table} (${names.join(", ")}) values (${values.join(", ")}) ${otherwise} ${changes.join(", ")}`;
    return { sql, params: [consumer, eventId, message, status, message, status] };
  }

  find(consumer: string, eventId: string): Statement {
    const where = `t.${this.#quoted("consumer")} = ? and t.${this.#quoted("eventId")} = ${this.#eventIdParam}`;
    return { sql: `${this.#select} where ${where}`, params: [consumer, eventId] };
  }

  byId(id: string): Statement {
    return { sql: `${this.#select} where ${this.#idIs("t.")}`, params: [id] };
  }

  list({ consumer, statuses, after, limit }: ErrorFilter): Statement {
    const conditions = [`t.${this.#quoted("id")} > ${this.#dialect.integerParam}`];
    const params: SqlParam[] = [after];
    if (consumer !== undefined) {
      const named = [this.#isExactly("consumer"), ...this.#isSwapped];
      conditions.push(`(${named.join(" or ")})`);
      params.push(...named.flatMap(() => [consumer, consumer]));
    }
    if (statuses !== undefined) conditions.push(`t.${this.#quoted("status")} in (${statuses.join(", ")})`);
    const sql = `${this.#select} where ${conditions.join(" and ")} order by t.${this.#quoted("id")} limit ${limit}`;
    return { sql, params };
  }

  // The first condition finds the rows by their key. The second leaves out names that only the column's collation takes for
  // this one.
  #isExactly(name: "consumer" | "eventId"): string {
    const column = `t.${this.#quoted(name)}`;
    return `${column} = ? and ${this.#dialect.asBytes(this.#dialect.asText(column))} = ${this.#dialect.asBytes("?")}`;
  }

  /** Finds the rows of a consumer that Go's dead-letter consumer has swapped, where the name is not lost. */
  get #isSwapped(): string[] {
    if (this.hasIntegerEventIds || this.#dialect.name !== "mysql") return [];
    const uncounted = this.#hasAttempts ? ` and t.${this.#quoted("attempts")} is null` : "";
    return [`${this.#isExactly("eventId")} and t.${this.#quoted("consumer")} regexp '^[0-9]+$'${uncounted}`];
  }

  setStatus(id: string, status: ErrorStatus): Statement {
    return { sql: `${this.#updateStatus(status)} where ${this.#idIs("")}`, params: [id] };
  }

  /** Marks the error of this row as retried, unless it was changed since the row was read. */
  markRetried(row: ErrorRow): Statement {
    const conditions = [
      this.#idIs(""),
      `${this.#quoted("status")} = ${this.#dialect.integerParam}`,
      `${this.#micros("updatedAt", "")} = ${this.#dialect.integerParam}`,
    ];
    const params: SqlParam[] = [row.id_text, String(row.status_number), String(row.updated_micros)];
    if (this.#hasAttempts) {
      conditions.push(`coalesce(${this.#quoted("attempts")}, -1) = ${this.#dialect.integerParam}`);
      params.push(String(row.attempts_number ?? -1));
    }
    return { sql: `${this.#updateStatus(ErrorStatus.Retried)} where ${conditions.join(" and ")}`, params };
  }

  // No column has its own name as its alias: `order by` would sort by the alias, and text sorts "10" before "9".
  get #select(): string {
    const asText = (name: string): string => this.#dialect.asText(name);
    const column = (name: keyof ErrorFields): string => `t.${this.#quoted(name)}`;
    const columns = [
      `${asText(column("id"))} as id_text`,
      `${asText(column("consumer"))} as consumer_text`,
      `${asText(column("eventId"))} as event_id_text`,
      `${asText(column("message"))} as message_text`,
      `${column("status")} as status_number`,
      `${this.#hasAttempts ? column("attempts") : "null"} as attempts_number`,
      `${this.#micros("createdAt", "t.")} as created_micros`,
      `${this.#micros("updatedAt", "t.")} as updated_micros`,
    ];
    return `select ${columns.join(", ")} from ${this.#table} t`;
  }

  #updateStatus(status: ErrorStatus): string {
    return `update ${this.#table} set ${this.#quoted("status")} = ${status}, ${this.#quoted("updatedAt")} = ${this.#now("updatedAt")}`;
  }

  #idIs(prefix: string): string {
    return `${prefix}${this.#quoted("id")} = ${this.#dialect.integerParam}`;
  }

  #quoted(name: keyof ErrorFields): string {
    return this.#dialect.quote(this.#fields[name]);
  }

  #now(name: "createdAt" | "updatedAt"): string {
    return this.#dialect.eventTime(this.#timeStorage(name));
  }

  #micros(name: "createdAt" | "updatedAt", prefix: string): string {
    return this.#dialect.eventMicros(`${prefix}${this.#quoted(name)}`, this.#timeStorage(name));
  }

  #timeStorage(name: "createdAt" | "updatedAt"): TimeStorage {
    const column = this.column(name);
    if (column?.type === "timestamp") return { column: "timestamp", zone: undefined };
    // MySQL rounds a time into a column without fractions, and may round it up, into the future. So the statement gives
    // such a column whole seconds.
    return { column: column?.fullType === "datetime" ? "datetime" : "datetime6", zone: undefined };
  }
}
