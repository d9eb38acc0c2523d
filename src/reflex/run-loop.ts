import { isMistake, isReflexError, type ReflexError } from "../errors/reflex-error.ts";
import { AbortFan } from "../waiting/abort.ts";
import { sleep } from "../waiting/sleep.ts";
import { Reporting } from "./observer.ts";
import { PositionHold } from "./position-hold.ts";
import { RunOnce, type RunParts, runParts } from "./run-once.ts";
import type { RunForeverOptions } from "./run-options.ts";
import type { StatusKeeper } from "./run-status.ts";
import type { Spec } from "./spec.ts";

// A shorter wait for the next attempt, which reads what is asked, is short enough for a request.
const LONG_WAIT_MS = 4000;

type LoopOptions = RunForeverOptions & { readonly minBackoffMs: number; readonly maxBackoffMs: number };

/** One attempt to run after the other, with the waits between them. */
export class RunLoop<T extends number> {
  readonly #spec: Spec<T>;
  readonly #options: LoopOptions;
  readonly #parts: RunParts;
  readonly #reporting: Reporting;
  readonly #ending = new AbortController();
  #failures = 0;

  constructor(spec: Spec<T>, options: LoopOptions, status: StatusKeeper) {
    this.#spec = spec;
    this.#options = options;
    this.#parts = runParts(spec, status);
    this.#reporting = new Reporting([options.observer], options.logger);
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
    try {
      await new RunOnce(this.#spec, this.#options, this.#parts).execute();
      return true;
    } catch (error) {
      if (this.#isHeld(error)) await this.#hold(error as ReflexError);
      else await this.#retry(error);
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
    status.enter("held", { error: fault });
    const parts = { ...this.#parts, spec: this.#spec, reporting: this.#reporting, signal: this.#ending.signal };
    try {
      await new PositionHold(parts).untilReleased(fault);
      status.enter("starting");
    } catch (error) {
      await this.#retry(error);
    }
  }

  async #retry(error: unknown): Promise<void> {
    if (this.#isFinal(error)) throw error;
    const { status, requests, memory } = this.#parts;
    const { signal } = this.#ending;
    // The count of failures starts anew only when the cursor has moved, not when an event was consumed. Where the cursor
    // can't be moved, that event would be consumed again and again without a pause.
    if (memory.takeMoved()) this.#failures = 0;
    const { minBackoffMs, maxBackoffMs } = this.#options;
    const retryInMs = jittered(Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(this.#failures++, 30)));
    const report = { activity: "run", name: this.#spec.consumer.name, error };
    const state = isReflexError(error, "consumer_retired") ? "retired" : "retrying";
    status.enter(state, { error, retryInMs });
    this.#reporting.error(this.#aborted ? report : { ...report, retryInMs });
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

/** Between half of the wait and all of it. */
function jittered(waitMs: number): number {
  return waitMs * (0.5 + Math.random() / 2);
}
