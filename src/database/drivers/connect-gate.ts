import { startTimer } from "../../waiting/timer.ts";
import type { PoolState } from "../database.ts";
import type { Opening } from "./driver.ts";

// A connection that takes longer to open than this hangs: packets to the server are lost, or it does not greet.
const HANGS_AFTER_MS = 1000;
// The same where it is seen that nothing at all has come from the server.
const SILENT_HANGS_AFTER_MS = 400;
// How often an operating system repeats a lost packet at first.
const REPEATED_EACH_MS = 1000;
const MOST_HANGING = 2;
// How often it is looked whether an attempt is to be replaced by a new one.
const LOOK_MS = 1000;
// Packets are repeated less and less often. So an attempt that gets no answer is replaced before the second repetition.
const UNANSWERED_FOR_MS = 2000;
// Two attempts that begin so far apart have one packet each half of a second between them.
const APART_MS = 500;
const APART_TOLERANCE_MS = 200;
// A timer may fire a moment too early.
const TIMER_TOLERANCE_MS = 100;
// An attempt that has got no answer after this time, while another one has, has lost its packets.
const OUTRUN_AFTER_MS = 250;
// A greeting is waited for longer the longer the server is away: one sixteenth of that time. Each attempt that is ended without
// one counts as an interrupted handshake, and after a hundred of these a server may refuse the host.
const GREETING_SHARE = 1 / 16;

/** The pool whose connections a {@link ConnectGate} guards. */
export interface GatedPool<C> {
  acquire(): Promise<C>;
  /** What the last call of `acquire` has begun to open, asked for right after it. */
  opening?(): Opening | undefined;
  /** How its connections are used. */
  state(): PoolState | undefined;
}

interface Attempt<C = unknown> {
  readonly acquired: Promise<C>;
  readonly sinceMs: number;
  /** When the driver's own time limit is over for whoever waits for it, however many attempts were made. */
  readonly untilMs: number;
  /** Undefined if a free connection was there, or the driver does not show what it opens. */
  readonly opening: Opening | undefined;
  givenUp: boolean;
}

/**
 * Keeps a pool from filling with connections that hang while they are opened: it would have no place left for the moment in
 * which the server is back. It lets two hang, and replaces them in turns, so that the server is found soon after the network.
 */
export class ConnectGate<C> {
  readonly #pool: GatedPool<C>;
  readonly #pending = new Set<Attempt>();
  readonly #waiting = new Set<() => void>();
  /** Since when no connection could be opened, by `performance.now()`; undefined as long as they can. */
  #awaySinceMs: number | undefined;

  constructor(pool: GatedPool<C>) {
    this.#pool = pool;
  }

  /** Acquires a connection as soon as one more may be opened. Asks `wanted` before that, and before each further attempt. */
  pass(wanted: () => boolean): Promise<C> {
    if (this.#waitMs() > 0) return this.#next(wanted).then((attempt) => this.#tried(attempt, wanted));
    const attempt = this.#begin();
    // Nearly always a free connection is there, and a promise more would cost each transaction something.
    return attempt.opening === undefined ? attempt.acquired : this.#tried(attempt, wanted);
  }

  /** Begins an attempt as soon as one more connection may be opened. */
  async #next(wanted: () => boolean, untilMs?: number): Promise<Attempt<C>> {
    for (let waitMs = this.#waitMs(); waitMs > 0 && wanted(); waitMs = this.#waitMs()) await this.#settled(waitMs);
    if (!wanted()) throw new Error("nobody waits for this connection any more");
    return this.#begin(untilMs);
  }

  /** What comes of an attempt, or of those that replace it within the driver's own time limit. */
  async #tried(first: Attempt<C>, wanted: () => boolean): Promise<C> {
    const { untilMs } = first;
    for (let attempt = first; ; attempt = await this.#next(wanted, untilMs)) {
      try {
        return await attempt.acquired;
      } catch (error) {
        if (!attempt.givenUp || isOver(untilMs)) throw error;
      }
    }
  }

  #begin(until?: number): Attempt<C> {
    const acquired = this.#pool.acquire();
    const sinceMs = performance.now();
    const opening = this.#pool.opening?.();
    const untilMs = until ?? sinceMs + (opening?.limitMs ?? Number.POSITIVE_INFINITY);
    const attempt: Attempt<C> = { acquired, sinceMs, untilMs, opening, givenUp: false };
    this.#pending.add(attempt);
    const endLooks = opening && this.#lookAt(attempt);
    const settle = (isOpen: boolean): void => {
      endLooks?.();
      this.#pending.delete(attempt);
      if (isOpen) this.#opened(attempt);
      else this.#failed(attempt);
      for (const wake of this.#waiting) wake();
    };
    acquired.then(
      () => settle(true),
      () => settle(false),
    );
    return attempt;
  }

  /** How long to wait before another connection may be opened, in ms, unless one under way settles sooner. */
  #waitMs(): number {
    if (this.#pending.size === 0) return 0;
    const state = this.#pool.state();
    if (state === undefined || state.connecting === 0 || state.idle > 0) return 0;
    const now = performance.now();
    if (this.#awaySinceMs === undefined && ![...this.#pending].some((attempt) => hangs(attempt, now))) return 0;
    if (this.#pending.size >= MOST_HANGING) return HANGS_AFTER_MS;
    const [other] = this.#pending;
    const phaseMs = (now - (other?.sinceMs ?? now)) % REPEATED_EACH_MS;
    if (Math.abs(phaseMs - APART_MS) <= APART_TOLERANCE_MS) return 0;
    return (REPEATED_EACH_MS + APART_MS - phaseMs) % REPEATED_EACH_MS;
  }

  /** Looks at an attempt now and then, and gives it up once another one is more likely to get through. */
  #lookAt(attempt: Attempt): () => void {
    const timer = setInterval(() => this.#look(attempt), LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  #look(attempt: Attempt): void {
    const now = performance.now();
    this.#awaySinceMs ??= attempt.sinceMs;
    if (isOver(attempt.untilMs) || this.#isReplaceable(attempt, now - attempt.sinceMs)) this.#giveUp(attempt);
  }

  #isReplaceable(attempt: Attempt, tookMs: number): boolean {
    const { phase } = attempt.opening ?? {};
    if (phase === "unanswered") return tookMs >= UNANSWERED_FOR_MS - TIMER_TOLERANCE_MS;
    if (phase !== "silent" || this.#pending.size < MOST_HANGING || attempt === this.#firstSilent) return false;
    const awayMs = performance.now() - (this.#awaySinceMs ?? attempt.sinceMs);
    return tookMs >= awayMs * GREETING_SHARE;
  }

  /** It is kept until the driver's own time limit: a server may take seconds to greet. */
  get #firstSilent(): Attempt | undefined {
    return [...this.#pending].find(({ opening }) => opening?.phase === "silent");
  }

  #giveUp(attempt: Attempt): void {
    attempt.givenUp = true;
    attempt.opening?.giveUp();
  }

  /** The server is there: what got no answer meanwhile is tried anew. */
  #opened({ opening, sinceMs }: Attempt): void {
    // A free connection may have died unnoticed.
    if (opening === undefined && this.#pool.opening !== undefined) return;
    this.#awaySinceMs = undefined;
    const now = performance.now();
    for (const other of this.#pending) {
      const isLost = other.opening?.phase === "unanswered" && now - other.sinceMs >= OUTRUN_AFTER_MS;
      const isOutrun = other.opening?.phase === "silent" && sinceMs - other.sinceMs >= APART_MS;
      if (isLost || isOutrun) this.#giveUp(other);
    }
  }

  #failed({ sinceMs, givenUp }: Attempt): void {
    if (givenUp) return;
    const hung = performance.now() - sinceMs >= HANGS_AFTER_MS;
    this.#awaySinceMs = hung ? (this.#awaySinceMs ?? sinceMs) : undefined;
  }

  /** Resolves when an acquisition has settled, or after this time. */
  #settled(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = startTimer(waitMs, wake, { keepAlive: false });
      this.#waiting.add(wake);
    });
  }
}

function isOver(untilMs: number): boolean {
  return performance.now() >= untilMs - TIMER_TOLERANCE_MS;
}

function hangs({ opening, sinceMs }: Attempt, now: number): boolean {
  const isSilent = opening?.phase !== undefined;
  return now - sinceMs >= (isSilent ? SILENT_HANGS_AFTER_MS : HANGS_AFTER_MS);
}
