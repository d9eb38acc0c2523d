import type { Database, RunResult, Statement } from "../../database/database.ts";
import { tableError } from "../../database/table-error.ts";
import { ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { nameDetail, show, showName } from "../../errors/show.ts";
import { checkConsumerName } from "../../reflex/consumer.ts";
import { type ConsumerError, ErrorStatus, type ErrorToRecord } from "../../reflex/consumer-error.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkFits } from "../schema/column-capacity.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import { isDecimalId } from "./error-ids.ts";
import { type ErrorFilter, type ErrorRow, ErrorStatements } from "./error-statements.ts";
import type { ErrorsTableConfig } from "./errors-table-options.ts";
import { asMeant } from "./swapped-rows.ts";

export interface ErrorStoreSource {
  readonly config: ErrorsTableConfig;
  readonly database: Database;
  readonly schemaCheck: SchemaCheck;
}

/** The rows of an errors table in one database. */
export class ErrorStore {
  readonly config: ErrorsTableConfig;
  readonly database: Database;
  readonly #schemaCheck: SchemaCheck;
  #statements: ErrorStatements | undefined;

  constructor({ config, database, schemaCheck }: ErrorStoreSource) {
    this.config = config;
    this.database = database;
    this.#schemaCheck = schemaCheck;
  }

  /** The table's statements. The table is looked at the first time. */
  async statements(options: CallOptions): Promise<ErrorStatements> {
    if (this.#statements !== undefined) return this.#statements;
    const description = await this.#schemaCheck.pass(this.database, this.limits(options));
    this.#statements = new ErrorStatements(this.config, this.database.dialect, description);
    return this.#statements;
  }

  /** The row of this consumer and event; undefined if there is none. */
  async find({ consumer, eventId }: ErrorToRecord, options: CallOptions): Promise<ErrorRow | undefined> {
    const statements = await this.statements(options);
    const rows = await this.#rows(statements.find(consumer, eventId), options);
    return rows.find((row) => row.consumer_text === consumer);
  }

  /** @throws ReflexError `error_not_found` */
  async get(id: string, options: CallOptions): Promise<ErrorRow> {
    checkId(id);
    const statements = await this.statements(options);
    const [row] = isDecimalId(id) ? await this.#rows(statements.byId(id), options) : [];
    if (row === undefined) throw this.#notFound(id);
    return row;
  }

  async list(filter: ErrorFilter, options: CallOptions): Promise<ErrorRow[]> {
    const statements = await this.statements(options);
    return this.#rows(statements.list(filter), options);
  }

  /** @throws ReflexError `error_not_found` */
  async resolve(id: string, options: CallOptions): Promise<void> {
    checkId(id);
    const statements = await this.statements(options);
    if (!isDecimalId(id)) throw this.#notFound(id);
    const { affectedRows } = await this.#run(statements.setStatus(id, ErrorStatus.Resolved), options);
    // Some servers count only the rows that changed: a count of 0 does not mean that there is none.
    if (affectedRows === 0) await this.get(id, options);
  }

  /** Marks a row as retried. A row that was changed since it was read is left as it is. */
  async markRetried(row: ErrorRow): Promise<void> {
    const statements = await this.statements({});
    await this.#run(statements.markRetried(row), {});
  }

  limits({ signal, timeoutMs }: CallOptions): CallOptions & { acquireTimeoutMs: number | undefined } {
    const { acquireTimeoutMs, statementTimeoutMs } = this.config;
    return { signal, timeoutMs: timeoutMs ?? statementTimeoutMs, acquireTimeoutMs };
  }

  async #rows({ sql, params }: Statement, options: CallOptions): Promise<ErrorRow[]> {
    try {
      return (await this.database.rows<ErrorRow>(sql, params, this.limits(options))).map(asMeant);
    } catch (error) {
      throw tableError(error, { table: this.config.table, activity: "read", signal: options.signal });
    }
  }

  async #run({ sql, params }: Statement, options: CallOptions): Promise<RunResult> {
    try {
      return await this.database.run(sql, params, this.limits(options));
    } catch (error) {
      throw tableError(error, { table: this.config.table, activity: "update", signal: options.signal });
    }
  }

  #notFound(id: string): ReflexError {
    const { table } = this.config;
    return new ReflexError("error_not_found", `${table} has no error ${showName(id)}; list() gives those that it has`, {
      details: { table, errorId: nameDetail(id) },
    });
  }
}

function checkId(id: unknown): void {
  if (typeof id === "string") return;
  throw typeMistake("invalid_argument", `the id of an error must be a string, found ${showName(id)}`);
}

/** Makes the error of a row. */
export function toConsumerError(row: ErrorRow): ConsumerError {
  const known = Object.values(ErrorStatus).find((status) => status === Number(row.status_number));
  return {
    id: row.id_text,
    consumer: row.consumer_text,
    eventId: withoutLeadingZeros(row.event_id_text),
    message: row.message_text,
    status: known ?? ErrorStatus.Unknown,
    attempts: row.attempts_number === null ? undefined : Number(row.attempts_number),
    createdAt: toDate(row.created_micros),
    updatedAt: toDate(row.updated_micros),
  };
}

/**
 * Checks an error that is to be recorded, against the table's columns once they are known.
 * @throws TypeError, RangeError or ReflexError, naming the value.
 */
export function checkError(table: string, error: ErrorToRecord, statements: ErrorStatements | undefined): void {
  const { consumer, eventId, message } = Object(error) as ErrorToRecord;
  checkConsumerName(consumer);
  for (const [name, value] of Object.entries({ eventId, message })) {
    if (typeof value === "string" && (name === "message" || value !== "")) continue;
    throw typeMistake("invalid_argument", `${name} of an error must be a string with content, found ${show(value)}`);
  }
  if (statements === undefined) return;
  checkFits(table, statements.column("consumer"), consumer);
  if (statements.hasIntegerEventIds && !isDecimalId(eventId)) {
    throw new ReflexError(
      "invalid_int_id",
      `the event ids of ${table} are integers from 0 to 2^63-1, found ${showName(eventId)}`,
      { details: { table, eventId: nameDetail(eventId) } },
    );
  }
  checkFits(table, statements.column("eventId"), eventId);
}

// A ZEROFILL column gives leading zeros.
function withoutLeadingZeros(id: string): string {
  return /^0\d+$/.test(id) ? id.replace(/^0+(?=\d)/, "") : id;
}

function toDate(micros: string | number | bigint): Date {
  return new Date(Math.floor(Number(micros) / 1000));
}
