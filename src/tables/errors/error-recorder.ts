import { CallsUnderWay } from "../../database/calls-under-way.ts";
import { StrictExecutor } from "../../database/changed-values.ts";
import type { Executor } from "../../database/database.ts";
import { ConnectionExecutor } from "../../database/drivers/connection-executor.ts";
import { toTransactionTarget } from "../../database/handles/recognise.ts";
import { runTransaction } from "../../database/handles/transaction.ts";
import { CallWatch } from "../../database/sessions/call-watch.ts";
import { SLOW_AFTER_MS, slowCalls } from "../../database/sessions/slow-calls.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { isTransactionLost, tableError } from "../../database/table-error.ts";
import { isReflexError, ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import { isError, readProperty } from "../../errors/thrown.ts";
import { ErrorStatus, type ErrorToRecord } from "../../reflex/consumer-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { isolated } from "../../waiting/isolated.ts";
import { sleep } from "../../waiting/sleep.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { fitMessage } from "./error-message.ts";
import type { ErrorRow } from "./error-statements.ts";
import { checkError, type ErrorStore } from "./error-store.ts";
import type { ErrorsTableConfig } from "./errors-table-options.ts";

type Insert = (tx: Executor) => Promise<string>;

const MOST_TRIES = 6;
const PAUSE_MS = 10;
const MOST_CAUSES = 10;

/** Records errors, each in one transaction with its event. */
export class ErrorRecorder {
  readonly #store: ErrorStore;
  readonly #config: ErrorsTableConfig;
  readonly #reporting: Reporting;
  readonly #watch: CallWatch;
  /** Records under way, and their statements: those in a transaction are noted nowhere else. */
  readonly #calls = new CallsUnderWay();

  constructor(store: ErrorStore, reporting: Reporting) {
    this.#store = store;
    this.#config = store.config;
    this.#reporting = reporting;
    const { database, config } = store;
    const slow = slowCalls(database);
    const whySlow = (): Promise<WaitCause | undefined> =>
      slow.why(this.#calls.before(performance.now() - SLOW_AFTER_MS));
    this.#watch = new CallWatch({ table: config.table, reporting, whySlow });
  }

  /** Resolves with the error's id once it is committed. A consumer that records is seen at work by its run, which tells nothing. */
  async record(error: ErrorToRecord, options: CallOptions): Promise<string> {
    const recording = this.#calls.begin(undefined);
    try {
      return await this.#watch.during("errors to be recorded", this.#record(error, options));
    } finally {
      this.#calls.end(recording);
    }
  }

  async #record(error: ErrorToRecord, options: CallOptions): Promise<string> {
    const { table, inserter, onErrorRecorded } = this.#config;
    checkError(table, error, undefined);
    const { consumer } = error;
    const insert = inserter === undefined ? await this.#defaultInsert(error, options) : this.#ownInsert(error);
    try {
      const id = await this.#commit(insert, { consumer, options });
      isolated(
        () => onErrorRecorded?.(consumer),
        (thrown) => this.#reporting.error({ activity: "onErrorRecorded", name: table, error: thrown }),
      );
      return id;
    } catch (thrown) {
      const known = isDuplicateErrorInsertion(thrown) ? await this.#idOfDuplicate(error, options) : undefined;
      if (known !== undefined) return known;
      throw tableError(thrown, { table, activity: "record an error in", signal: options.signal });
    }
  }

  async #defaultInsert(error: ErrorToRecord, options: CallOptions): Promise<Insert> {
    const statements = await this.#store.statements(options);
    checkError(this.#config.table, error, statements);
    const column = statements.column("message");
    const fitted = { ...error, message: column === undefined ? error.message : fitMessage(error.message, column) };
    const { signal, timeoutMs } = this.#store.limits(options);
    const limits = { signal, timeoutMs };
    return async (tx) => {
      const { sql, params } = statements.record(fitted, ErrorStatus.Recorded);
      await tx.run(sql, params, limits);
      const found = statements.find(error.consumer, error.eventId);
      const [row] = await tx.rows<ErrorRow>(found.sql, found.params, limits);
      if (row?.consumer_text !== error.consumer) throw otherRow(this.#config.table, error, row);
      return row.id_text;
    };
  }

  #ownInsert({ consumer, eventId, message }: ErrorToRecord): Insert {
    return async (tx) => {
      const error = { consumer, eventId, message, status: ErrorStatus.Recorded };
      const id: unknown = await this.#config.inserter?.(tx, error);
      if (typeof id === "string" && id !== "") return id;
      throw typeMistake(
        "invalid_option",
        `option inserter of ErrorsTable must resolve with the error's id as a string, found ${showName(id)}`,
      );
    };
  }

  /** Runs in a transaction of its own, which a deadlock undoes as a whole, so that it can be done again. */
  async #commit(insert: Insert, record: { consumer: string; options: CallOptions }): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#commitOnce(insert, record);
      } catch (error) {
        if (!isTransactionLost(error) || attempt === MOST_TRIES) throw error;
        await sleep(Math.random() * PAUSE_MS * attempt, { signal: record.options.signal });
      }
    }
  }

  async #commitOnce(
    insert: Insert,
    { consumer, options }: { consumer: string; options: CallOptions },
  ): Promise<string> {
    const { table, eventInserter } = this.#config;
    const afterCommit: (() => void)[] = [];
    const wake = (): void => {
      for (const notify of afterCommit)
        isolated(notify, (error) => this.#reporting.error({ activity: "notify", name: table, error }));
    };
    const use = async (tx: unknown): Promise<string> => {
      const { executor } = toTransactionTarget(tx);
      if (executor instanceof ConnectionExecutor) executor.noteIn(this.#calls);
      const id = await insert(new StrictExecutor(executor, table));
      const notify = await eventInserter?.(executor, id, ErrorStatus.Recorded, consumer);
      if (typeof notify === "function") afterCommit.push(notify);
      return id;
    };
    try {
      const id = await runTransaction(this.#store.database, use, this.#store.limits(options));
      wake();
      return id;
    } catch (error) {
      if (isReflexError(error, "commit_outcome_unknown")) wake();
      throw error;
    }
  }

  /**
   * The id of the record that an inserter has met. An inserter that only adds rows fails at the record that it has
   * added before: the error is recorded then.
   */
  async #idOfDuplicate(error: ErrorToRecord, options: CallOptions): Promise<string | undefined> {
    if (this.#config.inserter === undefined) return undefined;
    try {
      return (await this.#store.find(error, options))?.id_text;
    } catch {
      // The table of that inserter may differ from this library's. What the inserter threw says more.
      return undefined;
    }
  }
}

/**
 * Whether `error` says that a record of this consumer and event exists already: a driver's duplicate-key error, or an
 * error of this library that one caused. It is for inserters of your own. The default inserter brings the record up to
 * date instead.
 * @example
 * const record = new ErrorsTable().toErrorInserter(pool);
 * try {
 *   await record({ consumer: "mailer", eventId: "7", message: "no such address" });
 * } catch (error) {
 *   if (!isDuplicateErrorInsertion(error)) throw error;
 * }
 */
export function isDuplicateErrorInsertion(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && isError(current); depth++) {
    if (meaningOf(current) === "duplicate_key") return true;
    current = readProperty(current, "cause");
  }
  return false;
}

function otherRow(table: string, { consumer, eventId }: ErrorToRecord, row: ErrorRow | undefined): ReflexError {
  const details = { table, consumer, eventId };
  if (row === undefined) {
    return new ReflexError(
      "wrong_schema",
      `${table} took the error of ${consumer} at event ${eventId} for another row: drop its other unique keys, or give it an inserter`,
      { details },
    );
  }
  return new ReflexError(
    "consumer_name_collision",
    `${table} takes consumer "${consumer}" for "${row.consumer_text}", whose record it would overwrite: give its name column the collation utf8mb4_bin, or the consumer another name`,
    { details: { ...details, found: row.consumer_text } },
  );
}
