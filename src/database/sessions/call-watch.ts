import { isReflexError } from "../../errors/reflex-error.ts";
import { textWithCauses } from "../../errors/show-error.ts";
import type { Reporting, StallReport } from "../../reflex/observer.ts";
import type { ToldWait, WaitCause } from "../../reflex/wait-cause.ts";
import { isRetryable } from "../table-error.ts";
import { failureCause } from "./failure-cause.ts";
import { LongWait, seconds, unansweredCall } from "./long-wait.ts";
import { SLOW_AFTER_MS } from "./slow-calls.ts";

export interface CallWatchSource {
  readonly table: string;
  readonly reporting: Reporting;
  /** Asks why the calls that are under way take long. Undefined if nothing stands in their way. */
  readonly whySlow: () => Promise<WaitCause | undefined>;
}

/** Something that the library does with a table by itself. */
interface Chore {
  /** What is waited for, as part of a sentence: "cursors to be written". */
  readonly what: string;
  readonly sinceMs: number;
}

/** A chore that has failed and will be tried again. It is waited for since it was tried first. */
interface Failed extends Chore {
  readonly cause: WaitCause;
}

/**
 * Tells if what the library does by itself with one table in one database takes long, since no caller waits for it. It is
 * told once for the table, whoever it is done for, again when its cause changes, and when all of it was done.
 */
export class CallWatch {
  readonly #source: CallWatchSource;
  readonly #underWay = new Set<Chore>();
  readonly #failed = new Map<string, Failed>();
  #wait: LongWait | undefined;
  #asked: WaitCause | undefined;
  #toldSinceMs = 0;

  constructor(source: CallWatchSource) {
    this.#source = source;
  }

  /** Waits for a chore whose failure its caller learns of. */
  async during<R>(what: string, work: Promise<R>): Promise<R> {
    const chore = this.#begin(what);
    try {
      const result = await work;
      this.#failed.delete(what);
      this.#end(chore, { isDone: true });
      return result;
    } catch (error) {
      this.#end(chore, { isDone: false });
      throw error;
    }
  }

  /** Waits for a chore that is tried again if it fails: until it succeeds, or {@link settled} or {@link forget} is called. */
  async duringTry<R>(what: string, work: Promise<R>): Promise<R> {
    return this.during(
      what,
      work.catch((error: unknown) => {
        this.#keep(what, error);
        throw error;
      }),
    );
  }

  /** There is nothing left to be done of this chore, though it has failed. */
  settled(what: string): void {
    if (this.#failed.delete(what)) this.#endIfOver({ isDone: true });
  }

  /** Nobody wants this chore any more. */
  forget(what: string): void {
    if (this.#failed.delete(what)) this.#endIfOver({ isDone: false });
  }

  /** The wait that was told, if one of these chores is part of it. */
  waitFor(...whats: readonly string[]): ToldWait | undefined {
    const cause = this.#wait?.told;
    if (cause === undefined || !this.#left.some(({ what }) => whats.includes(what))) return undefined;
    const waitedMs = performance.now() - this.#toldSinceMs;
    return { since: new Date(Date.now() - waitedMs), cause };
  }

  #begin(what: string): Chore {
    const chore: Chore = { what, sinceMs: performance.now() };
    this.#underWay.add(chore);
    this.#wait ??= this.#watch();
    return chore;
  }

  #watch(): LongWait {
    return new LongWait({
      sinceMs: () => this.#sinceMs,
      ask: async () => {
        this.#asked = (await this.#source.whySlow()) ?? this.#asked;
      },
      cause: () => this.#cause(),
      tell: (cause, waitedMs) => this.#tell(cause, waitedMs),
    });
  }

  #end(chore: Chore, end: { isDone: boolean }): void {
    this.#underWay.delete(chore);
    this.#endIfOver(end);
  }

  #keep(what: string, error: unknown): void {
    const cause: WaitCause = isRetryable(error)
      ? failureCause(error)
      : { reason: "unknown", message: textWithCauses(error) };
    // A time limit says nothing of what has stood in the way, which was asked before.
    const known = isTimeLimit(error) ? (this.#asked ?? cause) : cause;
    const chores = this.#left.filter((chore) => chore.what === what);
    this.#failed.set(what, { what, sinceMs: earliest(chores), cause: known });
  }

  #endIfOver({ isDone }: { isDone: boolean }): void {
    const wait = this.#wait;
    const told = wait?.told;
    // Chores that follow each other without a pause are none that wait.
    if (told === undefined ? this.#left.length > 0 : this.#isSlow || this.#failed.size > 0) return;
    wait?.stop();
    this.#wait = this.#left.length > 0 ? this.#watch() : undefined;
    this.#asked = undefined;
    if (isDone && told !== undefined) this.#tellEnd(told);
  }

  get #left(): readonly Chore[] {
    return [...this.#failed.values(), ...this.#underWay];
  }

  get #sinceMs(): number {
    return earliest(this.#left);
  }

  get #isSlow(): boolean {
    const slowSinceMs = performance.now() - SLOW_AFTER_MS;
    return [...this.#underWay].some(({ sinceMs }) => sinceMs <= slowSinceMs);
  }

  #cause(): WaitCause | undefined {
    if (!this.#isSlow) return [...this.#failed.values()].at(-1)?.cause;
    return this.#asked ?? (this.#wait?.told === undefined ? unansweredCall : undefined);
  }

  #tell(cause: WaitCause, waitedMs: number): void {
    const whats = [...new Set(this.#left.map(({ what }) => what))].join(", and ");
    this.#toldSinceMs = this.#sinceMs;
    const message = `${this.#source.table} has waited ${seconds(waitedMs)} for ${whats}: ${cause.message}`;
    this.#report({ state: "stalled", ...cause, waitedMs, message });
  }

  #tellEnd({ reason }: WaitCause): void {
    const waitedMs = performance.now() - this.#toldSinceMs;
    const message = `${this.#source.table} goes on after ${seconds(waitedMs)}`;
    this.#report({ state: "resumed", reason, waitedMs, message });
  }

  #report(report: Omit<StallReport, "table" | "prev" | "next">): void {
    const { table, reporting } = this.#source;
    reporting.stall({ table, prev: "", next: "", ...report });
  }
}

function isTimeLimit(error: unknown): boolean {
  return isReflexError(error, "time_limit") || (isReflexError(error) && isReflexError(error.cause, "time_limit"));
}

function earliest(chores: readonly Chore[]): number {
  return Math.min(...chores.map(({ sinceMs }) => sinceMs));
}
