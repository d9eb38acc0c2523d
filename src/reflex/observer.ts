import { type ReflexErrorDetails } from "../errors/reflex-error.ts";
import { showWithCauses } from "../errors/show-error.ts";
import { isolated } from "../waiting/isolated.ts";
import type { CursorRequestKind } from "./cursor-requests.ts";
import { detailsOf } from "./error-text.ts";
import { Heirs } from "./heirs.ts";
import type { Blocker, StallReason } from "./wait-cause.ts";

/**
 * What a table, a cursor store or `run` tells while it works. Metrics, traces and progress displays are built on it.
 * Each function is optional. What one throws is reported as a warning, and stops nothing.
 */
export interface Observer {
  /** The database was asked for rows. */
  poll?(report: PollReport): void;
  /** Rows were handed to a stream. */
  page?(report: PageReport): void;
  /** A gap was seen for the first time. */
  gap?(report: GapReport): void;
  /**
   * A stream or a run has waited at one place for about 4 s, and something stands in its way; or what is done by itself with
   * a table of cursors or errors waits so long. Or that goes on after it.
   */
  stall?(report: StallReport): void;
  /** Cursors were written. */
  flush?(report: FlushReport): void;
  /** `runForever` holds a consumer, delivers nothing and waits for a person; or goes on after that. */
  hold?(report: HoldReport): void;
  /** Someone has asked something of a consumer (reset, skip, pause ...), or that was answered. */
  cursorChange?(report: CursorChangeReport): void;
  /** A consumer has finished with an event, whether it succeeded or not. */
  consume?(report: ConsumeReport): void;
  /** Something failed that will be tried again, or that no caller waits for. */
  error?(report: ErrorReport): void;
}

/** One query of an events table for rows. */
export interface PollReport {
  /** The events table. */
  readonly table: string;
  /** The cursor after which rows were asked for, in decimal. */
  readonly after: string;
  /** How many rows came, noops included. */
  readonly rows: number;
  /** How long the answer took, in ms. */
  readonly durationMs: number;
}

/** A page of rows that a stream was handed. */
export interface PageReport {
  /** The events table. */
  readonly table: string;
  /** How many events were handed over, noops left out. */
  readonly events: number;
  /** The id of the page's last row, which may be a noop. */
  readonly position: string;
}

/** A gap: ids that the server has given, and of which no row shows, at least not yet. */
export interface GapReport {
  /** The events table. */
  readonly table: string;
  /** The last id before the gap; "0" if the gap is at the table's start. */
  readonly prev: string;
  /** The first id after the gap. */
  readonly next: string;
}

/**
 * A stream or a run that waits at one place, or what is done by itself with a table of cursors or errors, and what it waits
 * for; or one that goes on after it has waited.
 */
export interface StallReport {
  /** The events table; "" for a run whose stream tells none. Or the table of cursors or errors that is waited for. */
  readonly table: string;
  /** The name of the consumer whose run waits; undefined for a stream or a table, which may serve several. */
  readonly consumer?: string | undefined;
  /** The last id that the stream passed; "" for a table of cursors or errors. */
  readonly prev: string;
  /** The first id beyond the missing ones; "" if none is known. */
  readonly next: string;
  /** Whether the stream waits, or goes on after it has waited. */
  readonly state: "stalled" | "resumed";
  /** What the stream waits for, or has waited for. */
  readonly reason: StallReason;
  /** How long it has waited at this place, in ms. */
  readonly waitedMs: number;
  /** The session that holds it up, where the server tells; undefined once it goes on. */
  readonly blockedBy?: Blocker | undefined;
  /** A sentence for people that says what to do about it. */
  readonly message: string;
}

/** Cursors that were written together. */
export interface FlushReport {
  /** The cursors table. */
  readonly table: string;
  /** How many cursors were written. */
  readonly cursors: number;
  /** How long writing them took, in ms. */
  readonly durationMs: number;
}

/**
 * A consumer that `runForever` holds, since the table no longer fits its position or since it was paused; told at once, and
 * again every minute. Or one that goes on after that.
 */
export interface HoldReport {
  /** The name of the consumer. */
  readonly consumer: string;
  /** Whether the consumer is held, or goes on. */
  readonly state: "held" | "released";
  /** Why: the table no longer fits the position, or a person has paused the consumer. */
  readonly reason: "position_fault" | "paused";
  /** The consumer's cursor. */
  readonly cursor: string;
  /** The position fault. Undefined for a pause. */
  readonly error: unknown;
  /** How long the consumer has been held, in ms. */
  readonly heldMs: number;
  /** A sentence for people that says what to do about it. */
  readonly message: string;
}

/** Something that a person has asked of a consumer, or the answer to it. */
export interface CursorChangeReport {
  /** The cursors table. */
  readonly table: string;
  /** The name of the consumer. */
  readonly consumer: string;
  /** What was asked. */
  readonly kind: CursorRequestKind;
  /** Whether it is asked, was obeyed by a run, done without one (`forced`), refused, or taken back. */
  readonly outcome: "asked" | "obeyed" | "forced" | "refused" | "withdrawn";
  /** The cursor before. */
  readonly from: string;
  /** The cursor that is asked for, or the id of the event to be skipped; "" for the other kinds. */
  readonly to: string;
  /** Who asked. */
  readonly by: string;
}

/** One event that a consumer has finished with. */
export interface ConsumeReport {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The id of the event, in decimal. */
  readonly eventId: string;
  /** The type of the event. */
  readonly eventType: number;
  /** How long the consumer took, in ms. */
  readonly durationMs: number;
  /** How old the event was when it was handed to the consumer, in ms, by this process's clock. */
  readonly lagMs: number;
  /** What the consumer threw, as it was thrown: a driver's error may hold values. Undefined when it succeeded. */
  readonly error: unknown;
}

/** A failure of which no caller learns by an exception. */
export interface ErrorReport {
  /** What was being done: such as "stream", "flush" or "run". */
  readonly activity: string;
  /** The table or consumer that it was done for. */
  readonly name: string;
  /** What was thrown, as it was thrown. A driver's error, or one that is a `cause`, may hold values of a statement. */
  readonly error: unknown;
  /** When it will be tried again; undefined if it won't. */
  readonly retryInMs?: number;
  /** How many failures were not reported since the last report: those of a server that is away come several times a second. */
  readonly unreported?: number;
}

/**
 * Where warnings go. The default is `process.emitWarning`, which prints them to stderr.
 *
 * Some loggers take the values first. One that is given as it is would lose them, so turn the arguments round.
 * @example
 * const valuesFirst = { warn: (values: object, message: string) => console.warn(message, values) };
 * const logger = { warn: (message: string, details: object) => valuesFirst.warn(details, message) };
 */
export interface Logger {
  /** Takes one sentence for people, and the values in it for programs. */
  warn(message: string, details: ReflexErrorDetails): void;
}

/** Prints through `process.emitWarning`, so that `process.on("warning")` can catch it. */
export const defaultLogger: Logger = {
  warn: (message) => process.emitWarning(message, { type: "ReflexRsqlWarning" }),
};

/** Whom to tell. */
export interface Told {
  /** Who is told of everything. */
  readonly observer?: Observer | undefined;
  /** Who takes warnings. */
  readonly logger?: Logger | undefined;
}

/** Observers who are told together, and the loggers that take what none of them has a function for. */
export interface Audience {
  readonly observers: readonly Observer[];
  readonly loggers: readonly Logger[];
}

/**
 * Passes reports to observers and warnings to the logger. Its calls never throw: an observer's own error must not stop
 * a stream.
 */
export class Reporting {
  readonly #observers: readonly Observer[];
  readonly #logger: Logger | undefined;
  readonly #heirs = new Heirs<Reporting>();

  constructor(observers: readonly (Observer | undefined)[], logger?: Logger) {
    this.#observers = observers.filter((observer) => observer !== undefined);
    this.#logger = logger;
  }

  /**
   * Tells these too, until the function is called that it returns: the observer if there is none of its own, the logger if
   * there is none of its own.
   */
  lend({ observer, logger }: Told): () => void {
    if (observer === undefined && logger === undefined) return () => undefined;
    return this.#heirs.add(new Reporting([observer], logger));
  }

  /** Whether it tells the same observers and the same logger, those lent aside. */
  isSame(other: Reporting): boolean {
    const [own, others] = [this.#observers, other.#observers];
    return this.#logger === other.#logger && own.length === others.length && own.every((one) => others.includes(one));
  }

  /** Who is told, those lent included: observers, with the loggers that take what none of these observers does. */
  get audiences(): readonly Audience[] {
    return Array.from(this.#successors, (one) => ({ observers: one.#allObservers, loggers: one.#allLoggers }));
  }

  get #allObservers(): readonly Observer[] {
    if (this.#observers.length > 0) return this.#observers;
    return Array.from(this.#heirs).flatMap((heir) => heir.#allObservers);
  }

  get #allLoggers(): readonly Logger[] {
    if (this.#logger !== undefined || this.#heirs.size === 0) return [this.#logger ?? defaultLogger];
    return Array.from(this.#heirs).flatMap((heir) => heir.#allLoggers);
  }

  /** Whether an observer has this function, so that a hot path can spare the making of a report that nobody wants. */
  wants(name: keyof Observer): boolean {
    if (this.#observers.length > 0) return this.#observers.some((observer) => observer[name] !== undefined);
    for (const heir of this.#heirs) if (heir.wants(name)) return true;
    return false;
  }

  tell<N extends keyof Observer>(name: N, report: Parameters<NonNullable<Observer[N]>>[0]): void {
    if (this.#observers.length === 0) for (const heir of this.#heirs) heir.tell(name, report);
    for (const observer of this.#observers) {
      isolated(
        () => (observer[name] as ((report: unknown) => unknown) | undefined)?.call(observer, report),
        (error) => this.warn(`an observer's ${name} function threw: ${showWithCauses(error)}`, {}),
      );
    }
  }

  warn(message: string, details: ReflexErrorDetails): void {
    if (this.#logger === undefined && this.#heirs.size > 0) {
      for (const heir of this.#heirs) heir.warn(message, details);
      return;
    }
    isolated(
      () => (this.#logger ?? defaultLogger).warn(message, details),
      // The failure of a logger can be told to nobody.
      () => undefined,
    );
  }

  /** Those who are told as they would be if the report were their own; none if there is an observer or logger of its own. */
  get #successors(): Iterable<Reporting> {
    return this.#observers.length === 0 && this.#logger === undefined && this.#heirs.size > 0 ? this.#heirs : [this];
  }

  /** Tells the observers of an error, or warns if none of them has a function for errors. */
  error(report: ErrorReport): void {
    for (const one of this.#successors) one.#error(report);
  }

  #error(report: ErrorReport): void {
    if (this.wants("error")) return this.tell("error", report);
    const retry = report.retryInMs === undefined ? "" : `; trying again in ${Math.round(report.retryInMs)} ms`;
    const { unreported = 0 } = report;
    const more = unreported === 0 ? "" : `; ${unreported} more like this since the last report`;
    this.warn(
      `${report.activity} of ${report.name} failed: ${showWithCauses(report.error)}${retry}${more}`,
      detailsOf(report),
    );
  }

  /** Tells the observers of a hold, or tells the position fault as an error or warns if none has a function for holds. */
  hold(report: HoldReport): void {
    const { consumer, state, error, cursor, message } = report;
    if (this.wants("hold")) return this.tell("hold", report);
    const isFault = state === "held" && report.reason === "position_fault";
    if (isFault && this.wants("error")) return this.tell("error", { activity: "hold", name: consumer, error });
    this.warn(message, { consumer, cursor });
  }

  /** Tells the observers of a stall, or warns if none of them has a function for stalls. */
  stall(report: StallReport): void {
    for (const one of this.#successors) one.#stall(report);
  }

  #stall(report: StallReport): void {
    if (this.wants("stall")) return this.tell("stall", report);
    const { message, table, prev, next, state, reason, consumer } = report;
    this.warn(message, { table, prev, next, state, reason, ...(consumer === undefined ? {} : { consumer }) });
  }
}
