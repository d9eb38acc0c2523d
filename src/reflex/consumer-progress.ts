import { ReflexError } from "../errors/reflex-error.ts";
import { kindOfCause } from "../errors/show-error.ts";
import { abortReason } from "../waiting/abort.ts";
import { done } from "../waiting/done.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import { isExpected } from "./expected.ts";
import type { ShutdownWaits } from "./shutdown-waits.ts";

/** Where a consumer of any kind reports how far it has come with the events of a run. */
export interface Progress<T extends number> {
  /**
   * All events up to this one are done with: the cursor is moved past it. Returns undefined when nothing of that is left
   * to be waited for.
   */
  done(event: ReflexEvent<T>): Promise<void> | undefined;
  /** All events up to this one are done with, and the cursor was moved past it already. */
  stored(event: ReflexEvent<T>): void;
  /** The work on this event has failed: the cursor stays before it. Returns what the run is to end with. */
  failed(event: ReflexEvent<T>, error: unknown): unknown;
}

export interface ConsumerProgressSource {
  readonly consumer: string;
  readonly cursors: CursorStore;
  readonly waits: ShutdownWaits;
  /** The signal that the consumer is given. */
  readonly signal: AbortSignal;
  /** The longest to wait for a cursor to be set once the run was aborted, in ms. */
  readonly flushMs: number;
}

/** Moves the cursor of one consumer past what the consumer reports as done. */
export class ConsumerProgress<T extends number> implements Progress<T> {
  readonly #source: ConsumerProgressSource;
  // What is used for each event is a field of its own, which is found faster than a property of the source.
  readonly #consumer: string;
  readonly #cursors: CursorStore;
  /** Whether the run may have been aborted. It is asked for each event, and a signal takes longer to tell. */
  #halted = false;
  #moving = false;
  #passed: ReflexEvent<T> | undefined;

  constructor(source: ConsumerProgressSource) {
    this.#source = source;
    this.#consumer = source.consumer;
    this.#cursors = source.cursors;
  }

  /** The last event that the cursor was moved past; undefined if there was none yet. */
  get passed(): ReflexEvent<T> | undefined {
    return this.#passed;
  }

  /** Whether the cursor is being moved. */
  get moving(): boolean {
    return this.#moving;
  }

  /** The run was aborted, or its stream gives way. */
  halt(): void {
    this.#halted = true;
  }

  done(event: ReflexEvent<T>): Promise<void> | undefined {
    const aborted = this.#halted && this.#source.signal.aborted;
    const options = aborted ? { event, timeoutMs: this.#source.flushMs } : { event };
    const setting = this.#cursors.setCursor(this.#consumer, event.id, options);
    if (setting !== done) return this.#untilSet(event, setting, aborted);
    this.#passed = event;
    return undefined;
  }

  stored(event: ReflexEvent<T>): void {
    this.#passed = event;
  }

  failed(event: ReflexEvent<T>, error: unknown): unknown {
    const { signal } = this.#source;
    return isExpected(error, signal) ? abortReason(signal) : consumerFailure(this.#consumer, event, error);
  }

  /**
   * Waits for the cursor to be set. The signal does not end this wait, since the cursor of what was consumed is to be
   * kept. After an abort the wait is limited all the same.
   */
  async #untilSet(event: ReflexEvent<T>, setting: Promise<void>, aborted: boolean): Promise<void> {
    const { waits, flushMs: timeoutMs } = this.#source;
    const what = "a cursor to be set";
    // It stays so when the cursor can't be moved, which ends the stream.
    this.#moving = true;
    await (aborted ? withTimeLimit(setting, { timeoutMs, what }) : waits.until(setting, what));
    this.#moving = false;
    this.#passed = event;
  }
}

function consumerFailure(name: string, event: ReflexEvent, cause: unknown): ReflexError {
  const message = `consumer ${name} failed at event ${event.id} of type ${event.type}, with ${kindOfCause(cause)}; its cursor stays before it`;
  const details = { consumer: name, eventId: event.id, eventType: event.type };
  return new ReflexError("consumer_failed", message, { cause, details });
}
