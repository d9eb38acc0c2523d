import { isMistake, isReflexError, type ReflexError } from "../errors/reflex-error.ts";
import { AbortFan } from "../waiting/abort.ts";
import { sleep } from "../waiting/sleep.ts";
import { PositionHold } from "./position-hold.ts";
import { RetryWaits } from "./retry-waits.ts";
import { RunOnce } from "./run-once.ts";
import type { RunForeverOptions } from "./run-options.ts";
import type { RunParts } from "./run-parts.ts";
import type { Spec } from "./spec.ts";

// A shorter wait for the next attempt, which reads what is asked, is short enough for a request.
const LONG_WAIT_MS = 4000;

type LoopOptions = RunForeverOptions & { readonly minBackoffMs: number; readonly maxBackoffMs: number };

interface FailedAttempt {
  readonly tookMs: number;
  /** Reports what failed besides the attempt's own error. */
  readonly reportHidden: () => void;
}

/** One attempt to run after the other, with the waits between them. */
export class RunLoop<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: LoopOptions;
  readonly #parts: RunParts;
  readonly #waits: RetryWaits;
  readonly #ending = new AbortController();

  constructor(spec: Spec<T>, options: LoopOptions, parts: RunParts) {
    this.#spec = spec;
    this.#options = options;
    this.#parts = parts;
    this.#waits = new RetryWaits(options.minBackoffMs, options.maxBackoffMs);
  }

  async execute(): Promise<void> {
    const fan = new AbortFan(this.#options.signal);
    fan.listen(() => this.#ending.abort(fan.reason));
    try {
      while (!(await this.#attempt()));
    } finally {
      fan.close();
    }
  }

  /** Resolves with whether the stream has ended by itself. Rejects with what no other attempt can mend. */
  async #attempt(): Promise<boolean> {
    const startedMs = performance.now();
    const once = new RunOnce(this.#spec, this.#options, this.#parts);
    try {
      await once.execute();
      return true;
    } catch (error) {
      const tookMs = performance.now() - startedMs;
      if (!this.#isHeld(error)) {
        await this.#retry(error, { tookMs, reportHidden: () => once.reportHidden() });
        return false;
      }
      once.reportHidden();
      await this.#hold(error as ReflexError);
      return false;
    }
  }

  /** Whether the error is a position fault of the stream, at which the consumer is to be held. */
  #isHeld(error: unknown): boolean {
    const { fault } = this.#parts.memory;
    return fault !== undefined && error === fault && this.#options.onPositionFault !== "end" && !this.#aborted;
  }

  async #hold(fault: ReflexError): Promise<void> {
    const { status } = this.#parts;
    status.enter("hold", { error: fault });
    const parts = { ...this.#parts, spec: this.#spec, signal: this.#ending.signal };
    const startedMs = performance.now();
    try {
      await new PositionHold(parts).untilReleased(fault);
      status.enter("starting");
    } catch (error) {
      await this.#retry(error, { tookMs: performance.now() - startedMs, reportHidden: () => undefined });
    }
  }

  /** Waits for the next attempt after one that has failed. */
  async #retry(error: unknown, { tookMs, reportHidden }: FailedAttempt): Promise<void> {
    if (this.#isFinal(error)) {
      reportHidden();
      throw error;
    }
    const { status, requests, memory, outages, reporting } = this.#parts;
    const { signal } = this.#ending;
    // The count of failures starts anew only when the cursor has moved, not when an event was consumed. Where the cursor
    // can't be moved, that event would be consumed again and again without a pause.
    const hasMoved = memory.takeMoved();
    if (hasMoved) this.#waits.succeeded();
    outages.failed(hasMoved);
    const { retryInMs, reported, unreported } = this.#waits.after(error, tookMs);
    const report = { activity: "run", name: this.#spec.consumer.name, error };
    const state = isReflexError(error, "consumer_retired") ? "retired" : "retrying";
    status.enter(state, { error, retryInMs });
    if (this.#aborted || reported) reportHidden();
    if (this.#aborted) reporting.error(report);
    else if (reported) reporting.error({ ...report, retryInMs, ...(unreported === 0 ? {} : { unreported }) });
    const wait = (ending: AbortSignal): Promise<void> => sleep(retryInMs, { signal: ending });
    await (retryInMs > LONG_WAIT_MS ? requests.unlessAsked(signal, wait) : wait(signal));
    status.enter(state, { error });
  }

  /** Whether no other attempt can mend the error. */
  #isFinal(error: unknown): boolean {
    if (isMistake(error) || isReflexError(error, "cursor_deleted") || isRemoved(error)) return true;
    return this.#aborted ? error === this.#ending.signal.reason : error === this.#parts.memory.fault;
  }

  get #aborted(): boolean {
    return this.#ending.signal.aborted;
  }
}

/** Whether the row of the cursor is gone: another attempt would begin at the first event, and do all of it again. */
function isRemoved(error: unknown): boolean {
  return isReflexError(error, "cursor_not_advanced") && error.details["existing"] === "";
}
