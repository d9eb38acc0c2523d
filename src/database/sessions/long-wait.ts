import type { WaitCause } from "../../reflex/wait-cause.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";

/** How long something may be waited for before that is told, in ms. What telling it takes is over within 5 s. */
export const STALL_AFTER_MS = 4000;
// How often a wait is looked at without asking anybody.
const PEEK_MS = 500;
// When it is asked for the first time why something takes long, so that the answer is there when the stall is told.
const ASK_AFTER_MS = 2000;
// How long the telling may wait for an answer.
const ANSWER_MS = 300;
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 2000;

/** The cause of a call of which nobody can tell why it takes long. */
export const unansweredCall: WaitCause = {
  reason: "unknown",
  message: "no answer has come yet, and neither the pool nor the server shows why",
};

/** What is waited for, and whom to tell. */
export interface LongWaitSource {
  /** Since when it is waited, by `performance.now()`. */
  sinceMs(): number;
  /**
   * Takes note of how far it has come, between two questions. Returns whether it is to be asked at once: something else is waited
   * for than at the last question, and takes long.
   */
  peek?(): boolean;
  /** Asks what stands in the way, and keeps the answer. It may be left behind. */
  ask(): Promise<void>;
  /** What stands in the way, as far as it is known; undefined if nothing is known, or nothing new. */
  cause(): WaitCause | undefined;
  /** Tells of a wait that has become long, or of another cause than the one that was told before. */
  tell(cause: WaitCause, waitedMs: number): void;
}

/** Looks at one wait now and then: asks for its cause, has it told once it is long, and again when the cause changes. */
export class LongWait {
  readonly #source: LongWaitSource;
  #told: WaitCause | undefined;
  #lookMs = FIRST_LOOK_MS;
  #askAtMs = 0;
  #cancelTimer: (() => void) | undefined;
  #over = false;

  constructor(source: LongWaitSource) {
    this.#source = source;
    this.#lookIn(ASK_AFTER_MS);
  }

  /** The cause that was told last; undefined as long as none was. */
  get told(): WaitCause | undefined {
    return this.#told;
  }

  /** The wait is over. */
  stop(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  #lookIn(delayMs: number): void {
    this.#askAtMs = performance.now() + delayMs;
    this.#peekOrLook(delayMs);
  }

  #peekOrLook(delayMs: number): void {
    const peeks = this.#source.peek !== undefined && delayMs > PEEK_MS;
    const next = (): void => (peeks ? this.#peek() : void this.#look());
    this.#cancelTimer = startTimer(peeks ? PEEK_MS : delayMs, next, { keepAlive: false });
  }

  #peek(): void {
    const leftMs = this.#source.peek?.() === true ? 0 : this.#askAtMs - performance.now();
    if (leftMs > 0) this.#peekOrLook(Math.ceil(leftMs));
    else void this.#look();
  }

  async #look(): Promise<void> {
    const askInMs = Math.ceil(ASK_AFTER_MS - this.#waitedMs);
    // What was waited for at first has come, and something else is waited for since.
    if (askInMs > 1) return this.#lookIn(askInMs);
    const timeoutMs = Math.max(STALL_AFTER_MS - this.#waitedMs, ANSWER_MS);
    await withTimeLimit(this.#source.ask(), { timeoutMs, what: "the cause of a stall" }).catch(() => undefined);
    if (this.#over) return;
    const cause = this.#source.cause();
    const waitedMs = this.#waitedMs;
    if (waitedMs >= STALL_AFTER_MS && cause !== undefined && cause.reason !== this.#told?.reason) {
      const { reason, message, blockedBy } = cause;
      this.#told = { reason, message, blockedBy };
      this.#source.tell(this.#told, waitedMs);
    }
    this.#lookIn(this.#nextLookMs(cause, STALL_AFTER_MS - waitedMs));
  }

  get #waitedMs(): number {
    return performance.now() - this.#source.sinceMs();
  }

  /** A wait for a server that is away is to be over soon after it; to ask a server about a lock again and again would cost it. */
  #nextLookMs(cause: WaitCause | undefined, leftMs: number): number {
    const isAway = cause === undefined || cause.reason === "unreachable" || cause.reason === "unknown";
    if (isAway) return leftMs <= 0 ? FIRST_LOOK_MS : Math.min(Math.ceil(leftMs), FIRST_LOOK_MS);
    // A timer may fire a fraction of a millisecond too early.
    if (leftMs > 0) return Math.ceil(leftMs);
    this.#lookMs = Math.min(this.#lookMs * 2, LONGEST_LOOK_MS);
    return this.#lookMs;
  }
}

/** A time in whole seconds, as reports of waits say it. */
export function seconds(waitedMs: number): string {
  return `${Math.round(waitedMs / 1000)} s`;
}
