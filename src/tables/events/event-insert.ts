import type { Database, Executor, SqlParam, Statement } from "../../database/database.ts";
import type { Dialect } from "../../database/dialect.ts";
import { ConnectionExecutor } from "../../database/drivers/connection-executor.ts";
import { openTransaction } from "../../database/handles/collected-notifies.ts";
import type { ExecutorHandle } from "../../database/handles/handles.ts";
import { type TransactionTarget, toInsertTarget, toTransactionTarget } from "../../database/handles/recognise.ts";
import { runTransaction } from "../../database/handles/transaction.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { tableError } from "../../database/table-error.ts";
import { isReflexError, ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import { lotSize } from "./insert-lots.ts";
import { type InsertPlace, InsertRunner, type InsertRunnerSource, lacksWarnings } from "./insert-runner.ts";
import { largeValuesRemedy } from "./large-values.ts";
import type { EventsInserter } from "./loader-and-inserter.ts";
import { losesTransaction } from "./lost-transaction.ts";
import { eventId } from "./make-event.ts";
import { type Notify, notifyOnce } from "./notify.ts";

/** An event that was checked, as it goes into its row. */
export interface EventToInsert {
  readonly foreignId: string;
  readonly type: number;
  readonly metadata: Uint8Array | undefined;
}

/** What belongs to the rows of a statement beside their events. */
interface GivenBeside {
  /** The traces, one an event; undefined for a table without. */
  readonly traces: readonly (Uint8Array | undefined)[] | undefined;
  readonly typesAsText: boolean;
}

export interface EventInserterSource extends InsertRunnerSource {
  /** Wakes the table's streams. Called after a commit. */
  readonly wake: () => void;
}

/** Inserts events into one table. */
export class EventInserter {
  readonly #source: EventInserterSource;
  readonly #texts = new Map<string, string>();
  readonly #runner: InsertRunner;

  constructor(source: EventInserterSource) {
    this.#source = source;
    this.#runner = new InsertRunner(source);
  }

  /** Inserts the events in order. Given a pool, in a transaction of their own; else in the caller's. */
  insert(handle: ExecutorHandle, events: readonly EventToInsert[]): Promise<Notify> {
    const target = toInsertTarget(handle);
    return target.kind === "transaction"
      ? this.#insertInto(target, events)
      : this.#insertAlone(target.database, events);
  }

  async #insertAlone(database: Database, events: readonly EventToInsert[]): Promise<Notify> {
    const { acquireTimeoutMs, statementTimeoutMs: timeoutMs } = this.#source.config;
    const insertInto = (tx: unknown): Promise<Notify> => this.#insertInto(toTransactionTarget(tx), events);
    try {
      return await runTransaction(database, insertInto, { acquireTimeoutMs, timeoutMs });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #insertInto(target: TransactionTarget, events: readonly EventToInsert[]): Promise<Notify> {
    const { executor, native, dialect } = target;
    const open = openTransaction(native);
    if (open?.lost !== undefined) throw this.#explained(open.lost);
    const { inserter } = this.#source.config;
    const place: InsertPlace = { executor, dialect, open, identity: open?.identity, sent: undefined };
    try {
      const firstId =
        inserter === undefined ? await this.#insertAll(place, events) : await this.#insertEach(place, inserter, events);
      open?.wakeUps.add(this.#source.wake);
      this.#runner.look.tell();
      return notifyOnce(this.#source.wake, firstId === "0" ? undefined : firstId);
    } catch (thrown) {
      const { description } = this.#runner.look.known(place) ?? {};
      const remedy = largeValuesRemedy(thrown, { ...this.#source, statement: place.sent, description });
      this.#runner.look.forget(place);
      const error = (await this.#lostByTimeout(thrown, executor, dialect)) ?? thrown;
      if (open !== undefined && losesTransaction(error)) {
        open.lost = error;
        // What the user runs next on this connection would be committed at once, without what came before it.
        if (executor instanceof ConnectionExecutor) executor.destroy();
      }
      throw this.#explained(error, remedy);
    }
  }

  /**
   * What says more than the error that was thrown, if it does. Some servers are set up to roll back the whole transaction
   * when the wait for a lock takes too long. What was thrown is not given back: a promise would look whether it has a
   * `then`, which may throw.
   */
  async #lostByTimeout(thrown: unknown, executor: Executor, dialect: Dialect): Promise<ReflexError | undefined> {
    if (dialect.name === "sqlite" || meaningOf(thrown) !== "lock_timeout") return undefined;
    const question = "select @@global.innodb_rollback_on_timeout as rolls_back";
    const [row] = await executor.rows<{ rolls_back: unknown }>(question, []).catch(() => []);
    if (row === undefined || Number(row.rolls_back) === 0) return undefined;
    const message = `the insert into ${this.#source.table} waited too long for a lock, for which this server rolls the transaction back (innodb_rollback_on_timeout); do all of it again`;
    return new ReflexError("transaction_lost", message, { cause: thrown, details: { table: this.#source.table } });
  }

  #explained(error: unknown, remedy?: string): unknown {
    const { table, config } = this.#source;
    if (config.inserter !== undefined && isUsersOwn(error)) return error;
    return tableError(error, { table, activity: "insert into", remedy });
  }

  async #insertEach(
    place: InsertPlace,
    inserter: EventsInserter,
    events: readonly EventToInsert[],
  ): Promise<string | undefined> {
    const { executor } = place;
    const tx: Executor = {
      run: (sql, params, options) => this.#runner.run(place, { sql, params, options }),
      rows: (sql, params, options) => executor.rows(sql, params, this.#runner.limits(options)),
    };
    if (this.#runner.look.known(place) === undefined) await this.#runner.look.first(place);
    const given = (event: EventToInsert): { params: SqlParam[] } => ({ params: this.#given(event) });
    if (lacksWarnings(place)) await this.#runner.checkValues(place, events.map(given));
    let firstId: string | undefined;
    for (const [index, event] of events.entries()) {
      const id = await inserter(tx, { ...event, trace: this.#source.config.trace?.() });
      if (id !== undefined && eventId(id) !== id) throw noEventId(this.#source.table, id);
      if (index === 0) firstId = id;
    }
    return firstId;
  }

  /** The values of an event as an inserter of the user's own is taken to write them. */
  #given(event: EventToInsert): SqlParam[] {
    const { fields, loader, foreignIdBytes } = this.#source.config;
    const { foreignId, type, metadata } = event;
    const columns = [fields.metadata, fields.trace].filter((field) => field !== undefined);
    // A loader of the user's own may read all but the type from another form.
    if (loader !== undefined) return [null, type, ...columns.map(() => null)];
    const kept = columns.map((field) => (field === fields.metadata ? (metadata ?? null) : null));
    return [foreignIdBytes ? Buffer.from(foreignId, "hex") : foreignId, type, ...kept];
  }

  async #insertAll(place: InsertPlace, events: readonly EventToInsert[]): Promise<string | undefined> {
    const statements = this.#statements(place, events);
    const checking = this.#runner.checkValues(place, statements);
    if (checking !== undefined) await checking;
    let firstId: string | undefined;
    for (const statement of statements) {
      const { insertId } = await this.#runner.run(place, statement);
      firstId ??= insertId;
    }
    return firstId;
  }

  #statements(place: InsertPlace, events: readonly EventToInsert[]): Statement[] {
    const { fields, trace } = this.#source.config;
    const typesAsText = this.#runner.typesAsText(place);
    const traces = fields.trace === undefined ? undefined : events.map(() => trace?.());
    const bytesOf = (index: number): number => mostBytes(events[index], traces?.[index]);
    const statements: Statement[] = [];
    for (let start = 0; start < events.length; ) {
      const end = start + lotSize({ start, end: events.length, bytesOf });
      statements.push({
        sql: this.#text(place.dialect, end - start),
        params: this.#params(events.slice(start, end), { traces: traces?.slice(start, end), typesAsText }),
      });
      start = end;
    }
    return statements;
  }

  #params(events: readonly EventToInsert[], { traces, typesAsText }: GivenBeside): SqlParam[] {
    const { fields, foreignIdBytes } = this.#source.config;
    const params: SqlParam[] = [];
    let index = 0;
    for (const { foreignId, type, metadata } of events) {
      params.push(foreignIdBytes ? Buffer.from(foreignId, "hex") : foreignId, typesAsText ? String(type) : type);
      if (fields.metadata !== undefined) params.push(metadata ?? null);
      if (traces !== undefined) params.push(traces[index++] ?? null);
    }
    return params;
  }

  #text(dialect: Dialect, rows: number): string {
    const key = `${dialect.name} ${rows}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = insertText(this.#source, dialect, rows);
    this.#texts.set(key, text);
    return text;
  }
}

/** At most how many bytes the values of an event have: a UTF-16 code unit of a text takes up to three. */
function mostBytes(event: EventToInsert | undefined, trace: Uint8Array | undefined): number {
  return 3 * (event?.foreignId.length ?? 0) + (event?.metadata?.byteLength ?? 0) + (trace?.byteLength ?? 0);
}

/**
 * The text that inserts so many rows. It is a plain INSERT: with IGNORE or ON DUPLICATE KEY, an event whose id a noop
 * has taken would vanish in silence.
 */
export function insertText({ table, config }: EventInserterSource, dialect: Dialect, rows: number): string {
  const { fields, time } = config;
  const optional = [fields.metadata, fields.trace].filter((field) => field !== undefined);
  const columns = [fields.foreignId, fields.type, ...optional, fields.time].map((field) => dialect.quote(field));
  const row = `(?, ?, ${"?, ".repeat(optional.length)}${dialect.eventTime(time)})`;
  const values = Array.from({ length: rows }, () => row).join(", ");
  return `insert into ${dialect.quote(table)} (${columns.join(", ")}) values ${values}`;
}

/** Whether the user's own code threw this: it is neither a statement's failure nor an error of this library. */
function isUsersOwn(error: unknown): boolean {
  return meaningOf(error) === "other" && !isReflexError(error);
}

function noEventId(table: string, id: unknown): TypeError {
  return typeMistake(
    "invalid_argument",
    `the inserter of ${table} must resolve with the event's id in decimal, or undefined, found ${showName(id)}`,
  );
}
