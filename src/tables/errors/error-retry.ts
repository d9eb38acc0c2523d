import { isReflexError, ReflexError, rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { kindOfCause, showWithCauses } from "../../errors/show-error.ts";
import { aCount, aSignal, checkOptions, type OptionChecks } from "../../options/check-options.ts";
import { aConsumerName, type Consumer } from "../../reflex/consumer.ts";
import { ErrorStatus, errorMessage } from "../../reflex/consumer-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { isExpected } from "../../reflex/expected.ts";
import { unwrapped } from "../../reflex/wrapped-consumer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { eventSourceOf, isEventsTable, loadEvent } from "../events/event-by-id.ts";
import type { EventsTable } from "../events-table.ts";
import type { EventsTableInt } from "../events-table-int.ts";
import { isDecimalId } from "./error-ids.ts";
import type { ErrorRecorder } from "./error-recorder.ts";
import type { ErrorRow } from "./error-statements.ts";
import { type ErrorStore, toConsumerError } from "./error-store.ts";

/** What a retry needs to consume an event again. */
export interface RetryErrorOptions<T extends number = number> {
  /** The consumer that the error is of. Of a dead-letter consumer, the one that it wraps is called. */
  consumer: Consumer<T>;
  /** The table of the event. */
  events: EventsTable<T> | EventsTableInt<T>;
  /** Handed to the consumer. When the consumer ends because of its abort, the error stays as it was. */
  signal?: AbortSignal | undefined;
}

/** How many errors are retried, and how fast. */
export interface RetryAllOptions<T extends number = number> extends RetryErrorOptions<T> {
  /** The most errors to retry. Those recorded first come first. @defaultValue 1000 */
  limit?: number | undefined;
  /** The most errors to retry in a second. @defaultValue no limit */
  perSecond?: number | undefined;
}

/** What became of the errors that `retryAll` has retried. */
export interface RetryAllResult {
  /** How many retries succeeded. */
  readonly retried: number;
  /** The errors that failed again, or whose event is gone. They stay open. */
  readonly failures: readonly RetryFailure[];
  /** Whether errors are left that were not tried because of `limit`. */
  readonly more: boolean;
}

/** An error that its retry did not settle. */
export interface RetryFailure {
  /** The id of the error's record. */
  readonly errorId: string;
  /** The id of the event, in decimal. */
  readonly eventId: string;
  /** Why: `consumer_failed`, with the consumer's own error as `cause`, or `event_not_found`. */
  readonly error: ReflexError;
}

const openStatuses: readonly ErrorStatus[] = [ErrorStatus.Unknown, ErrorStatus.Recorded];
/** How many open errors are read at a time. */
export const ERRORS_A_PAGE = 100;
const MILLISECONDS = 1000;

/** Retries errors of one table in one database. */
export class ErrorRetry {
  readonly #store: ErrorStore;
  readonly #recorder: ErrorRecorder;

  constructor(store: ErrorStore, recorder: ErrorRecorder) {
    this.#store = store;
    this.#recorder = recorder;
  }

  async retry<T extends number>(id: string, options: RetryErrorOptions<T>): Promise<void> {
    await this.#retry(id, checkRetry<RetryErrorOptions<T>>("retry", options));
  }

  async #retry<T extends number>(id: string, options: RetryErrorOptions<T>): Promise<void> {
    const { consumer, signal } = options;
    signal?.throwIfAborted();
    const found = await this.#store.get(id, { signal });
    this.#checkRow(found, consumer.name);
    const row = { ...found, consumer_text: consumer.name };
    const event = await this.#load(row, options);
    try {
      await unwrapped(consumer).consume(event, { signal: signal ?? new AbortController().signal });
    } catch (error) {
      if (isExpected(error, signal)) signal?.throwIfAborted();
      throw await this.#failed(row, event, error);
    }
    await this.#store.markRetried(row);
  }

  async retryAll<T extends number>(options: RetryAllOptions<T>): Promise<RetryAllResult> {
    const checked = checkRetry<RetryAllOptions<T>>("retryAll", options);
    const { consumer, signal, limit = ERRORS_A_PAGE * 10, perSecond = Number.POSITIVE_INFINITY } = checked;
    const failures: RetryFailure[] = [];
    let tried = 0;
    let retried = 0;
    for await (const row of this.#open(consumer.name, signal)) {
      if (tried === limit) return { retried, failures, more: true };
      if (tried > 0) await sleep(MILLISECONDS / perSecond, { signal });
      signal?.throwIfAborted();
      tried += 1;
      const error = await this.#outcome(row, checked);
      if (error === undefined) retried += 1;
      else if (error !== "settled") failures.push({ errorId: row.id_text, eventId: row.event_id_text, error });
      signal?.throwIfAborted();
    }
    return { retried, failures, more: false };
  }

  async *#open(consumer: string, signal: AbortSignal | undefined): AsyncGenerator<ErrorRow> {
    let after = "0";
    for (;;) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- each page begins where the last ends
      const page = await this.#store.list(
        { consumer, statuses: openStatuses, after, limit: ERRORS_A_PAGE },
        { signal },
      );
      yield* page;
      after = page.at(-1)?.id_text ?? after;
      if (page.length < ERRORS_A_PAGE) return;
    }
  }

  /**
   * Retries one error. Resolves with why it did not succeed, or with "settled" if someone else has dealt with the error
   * meanwhile.
   */
  async #outcome<T extends number>(
    row: ErrorRow,
    options: RetryErrorOptions<T>,
  ): Promise<ReflexError | "settled" | undefined> {
    try {
      await this.#retry(row.id_text, options);
      return undefined;
    } catch (error) {
      if (isReflexError(error, "error_settled") || isReflexError(error, "error_not_found")) return "settled";
      if (isReflexError(error, "consumer_failed") || isReflexError(error, "event_not_found")) return error;
      throw error;
    }
  }

  #checkRow(row: ErrorRow, consumer: string): void {
    const { id, status, consumer: owner } = toConsumerError(row);
    const { table } = this.#store.config;
    // The name is "" where Go's dead-letter consumer has lost it.
    if (owner !== consumer && owner !== "") {
      throw rangeMistake("invalid_argument", `error ${id} of ${table} is of consumer ${owner}, found ${consumer}`);
    }
    if (openStatuses.includes(status)) return;
    const how = status === ErrorStatus.Resolved ? "was resolved" : "was retried and succeeded";
    throw new ReflexError(
      "error_settled",
      `error ${id} of ${table} ${how}, so that its event is not consumed again; to do it all the same, call the consumer`,
      { details: { table, errorId: id, status } },
    );
  }

  async #load<T extends number>(row: ErrorRow, options: RetryErrorOptions<T>): Promise<ReflexEvent<T>> {
    const source = eventSourceOf(options.events);
    const { id: errorId, eventId } = toConsumerError(row);
    const { signal } = options;
    const event = isDecimalId(eventId)
      ? await loadEvent<T>(this.#store.database, { source, id: eventId }, { signal })
      : undefined;
    if (event !== undefined) return event;
    throw new ReflexError(
      "event_not_found",
      `event ${eventId} is not in ${source.table} any more, so that error ${errorId} can't be retried; resolve it once it is dealt with`,
      { details: { table: source.table, eventId, errorId } },
    );
  }

  /** Records the failure again. The caller is told of it even if that fails. */
  async #failed(row: ErrorRow, event: ReflexEvent, cause: unknown): Promise<ReflexError> {
    const { consumer_text: consumer, id_text: errorId } = row;
    const details = { consumer, eventId: event.id, eventType: event.type, errorId };
    const message = `consumer ${consumer} failed again at event ${event.id} of type ${event.type}, with ${kindOfCause(cause)}`;
    try {
      const { eventId } = toConsumerError(row);
      const openId = await this.#recorder.record({ consumer, eventId, message: errorMessage(cause) }, {});
      // The failure of a swapped row has a row of its own now.
      if (row.swapped === true) await this.#store.markRetried(row);
      return new ReflexError("consumer_failed", `${message}; error ${openId} stays open`, {
        cause,
        details: { ...details, errorId: openId },
      });
    } catch (recording) {
      const both = new AggregateError([cause, recording], `${showWithCauses(cause)}; ${showWithCauses(recording)}`);
      const unrecorded = `${message}; that could not be recorded: ${kindOfCause(recording)}`;
      return new ReflexError("consumer_failed", unrecorded, { cause: both, details });
    }
  }
}

function checkRetry<O extends object>(owner: "retry" | "retryAll", options: O): O {
  const checks = owner === "retry" ? retryChecks : retryAllChecks;
  const checked = checkOptions<O>(owner, options, checks as unknown as OptionChecks<O>);
  const { consumer, events } = checked as Partial<RetryErrorOptions>;
  for (const [name, value] of Object.entries({ consumer, events })) {
    if (value === undefined) throw typeMistake("invalid_option", `${owner} needs option ${name}`);
  }
  return checked;
}

const retryChecks: OptionChecks<RetryErrorOptions> = {
  consumer: (value) => {
    const { consume, name } = Object(value) as Partial<Consumer>;
    const usable = typeof consume === "function" && aConsumerName(name) === undefined;
    return usable ? undefined : "a consumer, such as one of createConsumer()";
  },
  events: (value) => (isEventsTable(value) ? undefined : "the EventsTable or EventsTableInt of the event"),
  signal: aSignal,
};
const retryAllChecks: OptionChecks<RetryAllOptions> = {
  ...retryChecks,
  limit: aCount,
  perSecond: (value) => (typeof value === "number" && value > 0 ? undefined : "a number, more than 0"),
};
