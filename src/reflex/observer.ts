import { type ReflexErrorDetails, showError } from "../errors/reflex-error.ts";
import { isolated } from "../waiting/isolated.ts";

/** What a table, a store or `run` tells while it works. Metrics, traces and progress displays are built on it. */
export interface Observer {
  /** The database was asked for rows. */
  poll?(report: PollReport): void;
  /** Rows were handed to a stream. */
  page?(report: PageReport): void;
  /** A gap was seen for the first time. */
  gap?(report: GapReport): void;
  /** A stream has waited 5 s at one place with rows beyond it, or goes on after that. */
  stall?(report: StallReport): void;
  /** Cursors were written. */
  flush?(report: FlushReport): void;
  /** A consumer has finished with an event, well or not. */
  consume?(report: ConsumeReport): void;
  /** Something failed that will be tried again, or that no caller waits for. */
  error?(report: ErrorReport): void;
}

/** One look into the table. */
export interface PollReport {
  /** The events table. */
  readonly table: string;
  /** The cursor that rows were asked for after. */
  readonly after: string;
  /** How many rows came, noops included. */
  readonly rows: number;
  /** How long the answer took, in ms. */
  readonly durationMs: number;
}

/** Rows that a stream was handed at once. */
export interface PageReport {
  /** The events table. */
  readonly table: string;
  /** Events handed over, without noops. */
  readonly events: number;
  /** The id of the last row, which may be a noop. */
  readonly position: string;
}

/** A gap: ids that were given and that no row shows, or not yet. */
export interface GapReport {
  /** The events table. */
  readonly table: string;
  /** The last id before the gap; "0" if the gap is at the table's start. */
  readonly prev: string;
  /** The first id after the gap. */
  readonly next: string;
}

/**
 * Why a stream waits: ids are missing and not missing for long enough (`missing_ids`), their transaction is open
 * (`in_flight`), gap filling is off (`filling_off`), noops can't be written (`not_writable`), or not safely since the server
 * they would be written to holds other rows (`unproven`) or can't be told from a noop (`unfillable`), a server is behind
 * (`lagging`) or does not answer (`unreachable`).
 */
export type StallReason =
  | "missing_ids"
  | "in_flight"
  | "filling_off"
  | "not_writable"
  | "unproven"
  | "unfillable"
  | "lagging"
  | "unreachable";

/** A stream that waits at one place, and on what; or that goes on. */
export interface StallReport {
  /** The events table. */
  readonly table: string;
  /** The last id that the stream passed. */
  readonly prev: string;
  /** The first id beyond what is missing; "" if none is known. */
  readonly next: string;
  /** Whether it waits, or goes on after it has waited. */
  readonly state: "stalled" | "resumed";
  /** On what it waits, or has waited. */
  readonly reason: StallReason;
  /** How long it has waited at this place, in ms. */
  readonly waitedMs: number;
  /** A sentence with the remedy, for people. */
  readonly message: string;
}

/** Cursors that were written in one go. */
export interface FlushReport {
  /** The cursors table. */
  readonly table: string;
  /** How many were written. */
  readonly cursors: number;
  /** How long it took, in ms. */
  readonly durationMs: number;
}

/** One event that a consumer has finished with. */
export interface ConsumeReport {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, in decimal. */
  readonly eventId: string;
  /** The type of the event. */
  readonly eventType: number;
  /** How long the consumer took. */
  readonly durationMs: number;
  /** How old the event was when it was handed over, by this process's clock. */
  readonly lagMs: number;
  /** Undefined when it succeeded. */
  readonly error: unknown;
}

/** A failure of which no caller learns by an exception. */
export interface ErrorReport {
  /** What was being done: such as "stream", "flush" or "run". */
  readonly activity: string;
  /** The table or consumer that it was done for. */
  readonly name: string;
  /** What was thrown. */
  readonly error: unknown;
  /** When it will be tried again; undefined if it won't. */
  readonly retryInMs?: number;
}

/** Where warnings go. The default is `process.emitWarning`, which prints them to stderr. */
export interface Logger {
  /** Takes one sentence for people, and the values in it for programs. */
  warn(message: string, details: ReflexErrorDetails): void;
}

/** Prints through `process.emitWarning`, so that `process.on("warning")` can catch it. */
export const defaultLogger: Logger = {
  warn: (message) => process.emitWarning(message, { type: "ReflexRsqlWarning" }),
};

/** What is told to whom. Its calls never throw: an observer's own error must not stop a stream. */
export class Reporting {
  readonly #observers: readonly Observer[];
  readonly #logger: Logger;

  constructor(observers: readonly (Observer | undefined)[], logger: Logger = defaultLogger) {
    this.#observers = observers.filter((observer) => observer !== undefined);
    this.#logger = logger;
  }

  /** Whether anyone listens, so that a hot path can leave out making the report. */
  wants(name: keyof Observer): boolean {
    return this.#observers.some((observer) => observer[name] !== undefined);
  }

  tell<N extends keyof Observer>(name: N, report: Parameters<NonNullable<Observer[N]>>[0]): void {
    for (const observer of this.#observers) {
      isolated(
        () => (observer[name] as ((report: unknown) => unknown) | undefined)?.call(observer, report),
        (error) => this.warn(`an observer's ${name} function threw: ${showError(error)}`, {}),
      );
    }
  }

  warn(message: string, details: ReflexErrorDetails): void {
    isolated(
      () => this.#logger.warn(message, details),
      // A logger that fails has no one to tell.
      () => undefined,
    );
  }

  /** Tells observers; warns if there is none that takes errors. */
  error(report: ErrorReport): void {
    if (this.wants("error")) return this.tell("error", report);
    const retry = report.retryInMs === undefined ? "" : `; trying again in ${Math.round(report.retryInMs)} ms`;
    this.warn(`${report.activity} of ${report.name} failed: ${showError(report.error)}${retry}`, {});
  }

  /** Tells observers; warns if there is none that takes stalls. */
  stall(report: StallReport): void {
    if (this.wants("stall")) return this.tell("stall", report);
    this.warn(report.message, { table: report.table, prev: report.prev, next: report.next });
  }
}
