import { isReflexError } from "../errors/reflex-error.ts";

// A server that is not there refuses a connection at once, which costs nobody anything: the run is back soon after the server.
const LONGEST_WAIT_FOR_SERVER_MS = 200;
// An attempt that took longer was not refused at once.
const AT_ONCE_MS = 1000;
const FAILURES_OF_CONNECTIONS: readonly unknown[] = ["unreachable", "connection_lost", "connection_closed"];

/** How long to wait after a failed attempt. */
export class RetryWaits {
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** The wait doubles with each failure before there was success. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** The wait after an attempt that has failed with this error, in ms. */
  after(error: unknown, tookMs: number): number {
    const waitMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    if (tookMs < AT_ONCE_MS && isFailureOfConnection(error)) {
      return jittered(Math.min(waitMs, Math.max(this.#minMs, LONGEST_WAIT_FOR_SERVER_MS)));
    }
    this.#failures++;
    return jittered(waitMs);
  }
}

function isFailureOfConnection(error: unknown): boolean {
  return isReflexError(error, "database_error") && FAILURES_OF_CONNECTIONS.includes(error.details["failure"]);
}

/** Between half of the wait and all of it. */
function jittered(waitMs: number): number {
  return waitMs * (0.5 + Math.random() / 2);
}
