import { namedBlocker } from "../../database/sessions/blocker.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { Blocker, WaitCause } from "../../reflex/wait-cause.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { GapRange } from "../position/missing-ids.ts";

/** How long a stream may stand at one place before it says so, in ms. What that takes is over within 5 s. */
export const STALL_AFTER_MS = 4000;
// When it is asked for the first time why something takes long, so that the answer is there when the stall is told.
const ASK_AFTER_MS = 2000;
// From when on something that the stream does counts as slow: what it waits for then is asked, not what it has met before.
const SLOW_AFTER_MS = 1500;
// How long the telling may wait for an answer.
const ANSWER_MS = 300;
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5000;

export interface StallWatchSource {
  readonly table: string;
  readonly reporting: Reporting;
  /** The id that the stream has passed last. */
  readonly prev: bigint;
}

/** What of the table is waited for. */
interface Place {
  /** The first id beyond the missing ones; "" if none is known. */
  readonly next: string;
  /** It, as part of a sentence. */
  readonly what: string;
}

interface Known extends WaitCause {
  /** Finds out who is in the way. */
  readonly blocker?: (() => Promise<Blocker | undefined>) | undefined;
}

interface Doing {
  readonly sinceMs: number;
  readonly whySlow: () => Promise<WaitCause | undefined>;
}

interface Standing {
  readonly sinceMs: number;
  known: Known | undefined;
  /** What the last question has shown. */
  asked: WaitCause | undefined;
  told: { readonly cause: WaitCause; readonly next: string } | undefined;
  lookMs: number;
}

/** Tells of streams that stand long at one place, on what they wait, and when they go on. */
export class StallWatch {
  readonly #source: StallWatchSource;
  #standing: Standing | undefined;
  #place: Place | undefined;
  #doing: Doing | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(source: StallWatchSource) {
    this.#source = source;
  }

  /** The stream has something to do at its position. If it still stands there in some seconds, that is told. */
  begin(): void {
    if (this.#standing !== undefined) return;
    this.#standing = {
      sinceMs: performance.now(),
      known: undefined,
      asked: undefined,
      told: undefined,
      lookMs: FIRST_LOOK_MS,
    };
    this.#lookIn(ASK_AFTER_MS);
  }

  /** Does something that may take long. `whySlow` is asked why, if it does. */
  async during<R>(work: Promise<R>, whySlow: Doing["whySlow"]): Promise<R> {
    this.begin();
    const doing = { sinceMs: performance.now(), whySlow };
    this.#doing = doing;
    try {
      return await work;
    } finally {
      if (this.#doing === doing) this.#doing = undefined;
    }
  }

  /** The stream is at this gap. */
  at(gap: GapRange): void {
    const ids = gap.next - gap.prev === 2n ? `row ${gap.prev + 1n}` : `rows ${gap.prev + 1n} to ${gap.next - 1n}`;
    this.#place = { next: String(gap.next), what: `${ids}, missing below row ${gap.next}` };
  }

  /** The stream stands at this gap. A stall is told of once, and again when its reason changes. */
  blocked(gap: GapRange, { reason, message }: WaitCause, blocker?: Known["blocker"]): void {
    this.at(gap);
    this.#stands({ reason, message, blocker });
  }

  /** The reader's server has not got the row at the position yet. */
  lagging(): void {
    this.#place = { next: "", what: `row ${this.#source.prev}` };
    this.#stands({ reason: "lagging", message: "the server that streams read from lags behind the primary" });
  }

  /** The loader returns nothing beyond the position, though there is this row. */
  notLoaded(highest: bigint): void {
    const message = `the loader returns nothing beyond row ${this.#source.prev}: it must return every row, and read from a server that has them`;
    this.#place = { next: String(highest), what: `row ${highest}` };
    this.#stands({ reason: "lagging", message });
  }

  /** What the stream does has failed, and will be tried again. */
  failed(cause: WaitCause): void {
    const asked = this.#standing?.asked;
    // A time limit says nothing of what has stood in the way, which was asked before.
    this.#stands(cause.reason === "unknown" && asked !== undefined ? asked : cause);
  }

  /** On what the stream is known to wait; undefined if it does not, or not for long. */
  get stalledOn(): WaitCause | undefined {
    return this.#standing?.told?.cause;
  }

  /** The stream went past where it stood, or to the head. */
  resolved(): void {
    const standing = this.#standing;
    this.stop();
    if (standing?.told === undefined) return;
    const { table, reporting, prev } = this.#source;
    const waitedMs = performance.now() - standing.sinceMs;
    const message = `the stream of ${table} goes on after ${seconds(waitedMs)}`;
    reporting.stall({
      table,
      prev: String(prev),
      next: standing.told.next,
      reason: standing.told.cause.reason,
      state: "resumed",
      waitedMs,
      message,
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#standing = undefined;
    this.#place = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #stands(known: Known): void {
    this.begin();
    if (this.#standing === undefined) return;
    this.#standing.known = known;
    this.#standing.asked = undefined;
  }

  #lookIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = startTimer(delayMs, () => void this.#look(), { keepAlive: false });
  }

  async #look(): Promise<void> {
    const standing = this.#standing;
    if (standing === undefined) return;
    const dueInMs = standing.sinceMs + STALL_AFTER_MS - performance.now();
    const cause = await this.#cause(standing, dueInMs > 0 ? dueInMs : ANSWER_MS);
    if (this.#standing !== standing) return;
    const leftMs = standing.sinceMs + STALL_AFTER_MS - performance.now();
    if (leftMs <= 0 && cause !== undefined) this.#tell(standing, cause);
    this.#lookIn(this.#nextLookMs(standing, cause, leftMs));
  }

  /** A stream whose server is away is to go on soon after; to ask a server about a lock again and again would cost it. */
  #nextLookMs(standing: Standing, cause: Known | undefined, leftMs: number): number {
    if (cause?.reason === "unreachable")
      return leftMs <= 0 ? FIRST_LOOK_MS : Math.min(Math.ceil(leftMs), FIRST_LOOK_MS);
    // A timer may fire a fraction of a millisecond too early.
    if (leftMs > 0) return Math.ceil(leftMs);
    standing.lookMs = Math.min(standing.lookMs * 2, LONGEST_LOOK_MS);
    return standing.lookMs;
  }

  /** What the stream waits for now, as far as that shows within this time. */
  async #cause(standing: Standing, timeoutMs: number): Promise<Known | undefined> {
    const noteCause = async (): Promise<void> => {
      standing.asked = (await this.#ask(standing)) ?? standing.asked;
    };
    await withTimeLimit(noteCause(), { timeoutMs, what: "the cause of a stall" }).catch(() => undefined);
    // Without a known cause it is at work itself, such as on the confirmation of a fault.
    if (!this.#isSlow) return standing.known && { ...standing.known, ...standing.asked };
    const message = "no answer has come yet, and neither the pool nor the server shows why";
    return standing.asked ?? (standing.told === undefined ? { reason: "unknown", message } : undefined);
  }

  get #isSlow(): boolean {
    return this.#doing !== undefined && performance.now() - this.#doing.sinceMs >= SLOW_AFTER_MS;
  }

  async #ask({ known, told }: Standing): Promise<WaitCause | undefined> {
    if (this.#isSlow) return this.#doing?.whySlow();
    if (known?.blocker === undefined || told?.cause.reason === known.reason) return known;
    const blockedBy = await known.blocker();
    if (blockedBy === undefined) return known;
    return { ...known, message: `${known.message}; it is ${namedBlocker(blockedBy)}`, blockedBy };
  }

  #tell(standing: Standing, { reason, message, blockedBy }: Known): void {
    const { told } = standing;
    if (told?.cause.reason === reason) return;
    // The grace that follows whatever stood in the way is over in a moment, and no cause for alarm.
    if (told !== undefined && reason === "missing_ids") return;
    const { table, reporting, prev } = this.#source;
    const { next, what } = this.#place ?? { next: "", what: `what follows row ${prev}` };
    standing.told = { cause: { reason, message, blockedBy }, next };
    const waitedMs = performance.now() - standing.sinceMs;
    reporting.stall({
      table,
      prev: String(prev),
      next,
      state: "stalled",
      reason,
      waitedMs,
      message: `the stream of ${table} has waited ${seconds(waitedMs)} for ${what}: ${message}`,
      blockedBy,
    });
  }
}

function seconds(waitedMs: number): string {
  return `${Math.round(waitedMs / 1000)} s`;
}
