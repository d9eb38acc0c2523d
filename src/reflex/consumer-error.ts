import { showError } from "../errors/show-error.ts";
import { isError, readProperty } from "../errors/thrown.ts";
import type { CallOptions } from "../waiting/time-limit.ts";

/**
 * What became of an event that a consumer could not handle. Two of these are open: `Unknown`, which recorders write
 * that keep no status, and `Recorded`. A program that knows only these two sees what is still to be done.
 */
export const ErrorStatus = {
  /** Open: written by a recorder that keeps no status. */
  Unknown: 0,
  /** Open: recorded, and nobody has dealt with it yet. */
  Recorded: 1,
  /** Closed: a retry has succeeded. */
  Retried: 2,
  /** Closed: a person said that it is dealt with. */
  Resolved: 3,
} as const;

/**
 * One of {@link ErrorStatus}: `Retried` once a retry has succeeded, `Resolved` once a person said that it is dealt
 * with.
 */
export type ErrorStatus = (typeof ErrorStatus)[keyof typeof ErrorStatus];

/** An event that a consumer could not handle, as it was recorded. There is one record for each consumer and event. */
export interface ConsumerError {
  /** The id of the record, in decimal. */
  readonly id: string;
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, in decimal, exact up to 2^63-1. */
  readonly eventId: string;
  /** What the consumer threw the last time, cut to the length that its column takes. */
  readonly message: string;
  /** What became of the error since it was recorded. */
  readonly status: ErrorStatus;
  /**
   * How often the error was recorded. Undefined in a table without a column for that, and in rows that other programs
   * wrote.
   */
  readonly attempts: number | undefined;
  /** When it was first recorded. */
  readonly createdAt: Date;
  /** When it was last recorded, retried or resolved. */
  readonly updatedAt: Date;
}

/** Which consumer failed at which event, and how. The parts have names, so that no two can be swapped. */
export interface ErrorToRecord {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, in decimal. */
  readonly eventId: string;
  /** What the consumer threw, as text for people. */
  readonly message: string;
}

/**
 * Records an error, and resolves with the id of its record. `errorsTable.toErrorInserter(pool)` gives such a function.
 */
export type ErrorInsertFunc = (error: ErrorToRecord, options?: CallOptions) => Promise<string>;

const MOST_CAUSES = 5;

/**
 * The text that is recorded of what was thrown: the error itself and the errors that caused it. Of a database's error it
 * has what {@link showError} shows.
 */
export function errorMessage(error: unknown): string {
  const lines = [showError(error)];
  let cause = isError(error) ? readProperty(error, "cause") : undefined;
  while (cause !== undefined && lines.length <= MOST_CAUSES) {
    lines.push(`caused by ${showError(cause)}`);
    cause = isError(cause) ? readProperty(cause, "cause") : undefined;
  }
  return lines.join("\n");
}
