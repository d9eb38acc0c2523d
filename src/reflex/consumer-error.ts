import { showError } from "../errors/reflex-error.ts";
import type { CallOptions } from "../waiting/time-limit.ts";

/**
 * What became of an event that a consumer could not handle. Open errors are `Unknown` (of recorders that keep no status)
 * and `Recorded`; a program that knows only these two sees what is still to be done.
 */
export const ErrorStatus = {
  /** Open, written by a recorder that keeps no status. */
  Unknown: 0,
  /** Open: recorded and not dealt with. */
  Recorded: 1,
  /** Closed: a retry has succeeded. */
  Retried: 2,
  /** Closed: a person says that it is dealt with. */
  Resolved: 3,
} as const;

/** One of {@link ErrorStatus}: `Retried` when a retry has succeeded, `Resolved` when a person says that it is dealt with. */
export type ErrorStatus = (typeof ErrorStatus)[keyof typeof ErrorStatus];

/** An event that a consumer could not handle, as it was recorded. One per consumer and event. */
export interface ConsumerError {
  /** The id of the record, in decimal. */
  readonly id: string;
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, exact. */
  readonly eventId: string;
  /** What was thrown, the last time; cut to what its column takes. */
  readonly message: string;
  /** What became of it since. */
  readonly status: ErrorStatus;
  /** How often it was recorded; undefined in a table without a column for that, and for rows that others wrote. */
  readonly attempts: number | undefined;
  /** When it was first recorded. */
  readonly createdAt: Date;
  /** When it was last recorded, retried or resolved. */
  readonly updatedAt: Date;
}

/** Which consumer failed at which event, and how. By name, so that no two can be swapped. */
export interface ErrorToRecord {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, in decimal. */
  readonly eventId: string;
  /** What was thrown, as text for people. */
  readonly message: string;
}

/** Records an error and resolves with the id of its record. Such as `errorsTable.toErrorInserter(pool)`. */
export type ErrorInsertFunc = (error: ErrorToRecord, options?: CallOptions) => Promise<string>;

const MOST_CAUSES = 5;

/** What was thrown and what it was caused by, as it is recorded. */
export function errorMessage(error: unknown): string {
  const lines = [showError(error)];
  let current = error;
  while (current instanceof Error && current.cause !== undefined && lines.length <= MOST_CAUSES) {
    current = current.cause;
    lines.push(`caused by ${showError(current)}`);
  }
  return lines.join("\n");
}
