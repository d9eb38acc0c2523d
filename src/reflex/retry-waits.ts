import { isReflexError } from "../errors/reflex-error.ts";

// A server that is not there refuses a connection at once, which costs nobody anything: the run is back soon after the server.
const LONGEST_WAIT_FOR_SERVER_MS = 200;
// An attempt that took longer was not refused at once.
const AT_ONCE_MS = 1000;
const FAILURES_OF_CONNECTIONS: readonly unknown[] = ["unreachable", "connection_lost", "connection_closed"];

// How long refusals of a server are not reported after one that was. It doubles with each report.
const FIRST_SILENCE_MS = 1000;
const LONGEST_SILENCE_MS = 60_000;

/** What follows a failed attempt. */
export interface RetryWait {
  readonly retryInMs: number;
  /** Whether the failure is to be reported: a server that refuses connections does that several times a second. */
  readonly reported: boolean;
  /** How many failures were not reported since the last one that was. */
  readonly unreported: number;
}

/** How long to wait after a failed attempt, and which failures are reported. */
export class RetryWaits {
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;
  #silenceMs = FIRST_SILENCE_MS;
  #silentUntilMs = 0;
  #unreported = 0;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** The wait doubles with each failure before there was success. */
  succeeded(): void {
    this.#failures = 0;
    this.#endSilence();
  }

  /** What follows an attempt that has failed with this error. */
  after(error: unknown, tookMs: number): RetryWait {
    const waitMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    if (tookMs < AT_ONCE_MS && isFailureOfConnection(error)) {
      const shortMs = Math.min(waitMs, Math.max(this.#minMs, LONGEST_WAIT_FOR_SERVER_MS));
      const reported = this.#isToBeReported(performance.now());
      return { retryInMs: jittered(shortMs), ...this.#counted(reported) };
    }
    this.#failures++;
    const told = this.#counted(true);
    this.#endSilence();
    return { retryInMs: jittered(waitMs), ...told };
  }

  #counted(reported: boolean): Pick<RetryWait, "reported" | "unreported"> {
    const unreported = this.#unreported;
    this.#unreported = reported ? 0 : unreported + 1;
    return { reported, unreported };
  }

  #isToBeReported(nowMs: number): boolean {
    if (nowMs < this.#silentUntilMs) return false;
    this.#silentUntilMs = nowMs + this.#silenceMs;
    this.#silenceMs = Math.min(this.#silenceMs * 2, LONGEST_SILENCE_MS);
    return true;
  }

  #endSilence(): void {
    this.#silenceMs = FIRST_SILENCE_MS;
    this.#silentUntilMs = this.#unreported = 0;
  }
}

function isFailureOfConnection(error: unknown): boolean {
  return isReflexError(error, "database_error") && FAILURES_OF_CONNECTIONS.includes(error.details["failure"]);
}

/** Between half of the wait and all of it. */
function jittered(waitMs: number): number {
  return waitMs * (0.5 + Math.random() / 2);
}
