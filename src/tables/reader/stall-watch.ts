import { namedBlocker } from "../../database/sessions/blocker.ts";
import { LongWait, seconds, unansweredCall } from "../../database/sessions/long-wait.ts";
import { SLOW_AFTER_MS } from "../../database/sessions/slow-calls.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { Blocker, WaitCause } from "../../reflex/wait-cause.ts";
import { sleep } from "../../waiting/sleep.ts";
import type { GapRange } from "../position/missing-ids.ts";

const UNEXPLAINED_AFTER_MS = 8000;
const MOST_BLOCKER_TRIES = 5;
const BLOCKER_PAUSE_MS = 100;

export interface StallWatchSource {
  readonly table: string;
  readonly reporting: Reporting;
  /** The id that the stream has passed last. */
  readonly prev: bigint;
  /** Notes how much has come of the answers that are waited for. */
  readonly note?: () => void;
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
  /** Whether it was asked why it takes long. */
  asked: boolean;
  readonly whySlow: () => Promise<WaitCause | undefined>;
}

interface Standing {
  readonly sinceMs: number;
  readonly wait: LongWait;
  known: Known | undefined;
  /** What the last question has shown. */
  asked: WaitCause | undefined;
  /** The place at which the stream stood when that was told. */
  toldNext: string;
}

/** Tells of streams that stand long at one place, on what they wait, and when they go on. */
export class StallWatch {
  readonly #source: StallWatchSource;
  #standing: Standing | undefined;
  #place: Place | undefined;
  #doing: Doing | undefined;

  constructor(source: StallWatchSource) {
    this.#source = source;
  }

  /** The stream has something to do at its position. If it still stands there in some seconds, that is told. */
  begin(): void {
    if (this.#standing !== undefined) return;
    const sinceMs = performance.now();
    const wait = new LongWait({
      sinceMs: () => sinceMs,
      peek: () => this.#peek(),
      ask: () => this.#ask(),
      cause: () => this.#cause(),
      tell: (cause, waitedMs) => this.#tell(cause, waitedMs),
    });
    this.#standing = { sinceMs, wait, known: undefined, asked: undefined, toldNext: "" };
  }

  /** Does something that may take long. `whySlow` is asked why, if it does. */
  async during<R>(work: Promise<R>, whySlow: Doing["whySlow"]): Promise<R> {
    this.begin();
    const doing = { sinceMs: performance.now(), asked: false, whySlow };
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
    this.#standsOrStill({ reason, message, blocker });
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
    this.#standsOrStill(cause);
  }

  /** On what the stream is known to wait; undefined if it does not, or not for long. */
  get stalledOn(): WaitCause | undefined {
    return this.#standing?.wait.told;
  }

  /** The stream went past where it stood, or to the head. */
  resolved(): void {
    const standing = this.#standing;
    this.stop();
    const told = standing?.wait.told;
    if (standing === undefined || told === undefined) return;
    const { table, reporting, prev } = this.#source;
    const waitedMs = performance.now() - standing.sinceMs;
    const message = `the stream of ${table} goes on after ${seconds(waitedMs)}`;
    reporting.stall({
      table,
      prev: String(prev),
      next: standing.toldNext,
      reason: told.reason,
      state: "resumed",
      waitedMs,
      message,
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#standing?.wait.stop();
    this.#standing = undefined;
    this.#place = undefined;
  }

  /** A time limit says nothing of what has stood in the way, which was asked before. */
  #standsOrStill(known: Known): void {
    const asked = this.#standing?.asked;
    if (known.reason !== "unknown" || asked === undefined) return this.#stands(known);
    this.#stands(asked);
    if (this.#standing !== undefined) this.#standing.asked = asked;
  }

  #stands(known: Known): void {
    this.begin();
    if (this.#standing === undefined) return;
    this.#standing.known = known;
    this.#standing.asked = undefined;
  }

  #peek(): boolean {
    this.#source.note?.();
    return this.#isSlow && this.#doing?.asked === false;
  }

  async #ask(): Promise<void> {
    const standing = this.#standing;
    if (standing !== undefined) standing.asked = (await this.#answer(standing)) ?? standing.asked;
  }

  /** What the stream waits for now, as far as that is known. */
  #cause(): WaitCause | undefined {
    const { known, asked, wait } = this.#standing ?? {};
    const told = wait?.told;
    const cause = this.#isSlow || known === undefined ? asked : { ...known, ...asked };
    if (cause === undefined) return told === undefined && this.#isUnexplained ? unansweredCall : undefined;
    // The grace that follows whatever stood in the way is over in a moment, and no cause for alarm.
    return told !== undefined && cause.reason === "missing_ids" ? undefined : cause;
  }

  /** Whether it waits for an answer, or for so long that it can't be at work itself, such as on the confirmation of a fault. */
  get #isUnexplained(): boolean {
    const sinceMs = this.#standing?.sinceMs ?? Number.POSITIVE_INFINITY;
    return this.#isSlow || performance.now() - sinceMs >= UNEXPLAINED_AFTER_MS;
  }

  get #isSlow(): boolean {
    return this.#doing !== undefined && performance.now() - this.#doing.sinceMs >= SLOW_AFTER_MS;
  }

  async #answer({ known, wait: { told } }: Standing): Promise<WaitCause | undefined> {
    if (this.#isSlow && this.#doing !== undefined) {
      this.#doing.asked = true;
      return this.#doing.whySlow();
    }
    if (known?.blocker === undefined || told?.reason === known.reason) return known;
    const blockedBy = await this.#firstBlocker(known.blocker);
    if (blockedBy === undefined) return known;
    return { ...known, message: `${known.message}; it is ${namedBlocker(blockedBy)}`, blockedBy };
  }

  /** Between two waits for the row nobody is in the way, so that it is asked a few times. */
  async #firstBlocker(ask: () => Promise<Blocker | undefined>): Promise<Blocker | undefined> {
    const standing = this.#standing;
    for (let tries = 1; this.#standing === standing; tries++) {
      const blocker = await ask();
      if (blocker !== undefined || tries === MOST_BLOCKER_TRIES) return blocker;
      await sleep(BLOCKER_PAUSE_MS);
    }
    return undefined;
  }

  #tell({ reason, message, blockedBy }: WaitCause, waitedMs: number): void {
    const { table, reporting, prev } = this.#source;
    const { next, what } = this.#place ?? { next: "", what: `what follows row ${prev}` };
    if (this.#standing !== undefined) this.#standing.toldNext = next;
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
