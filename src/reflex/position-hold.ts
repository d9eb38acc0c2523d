import { isMistake, isReflexError, type ReflexError } from "../errors/reflex-error.ts";
import { sleep } from "../waiting/sleep.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import { isSameCursor } from "./cursor.ts";
import { HoldTelling } from "./hold-telling.ts";
import { holdTimes } from "./hold-times.ts";
import type { Reporting, Told } from "./observer.ts";
import { rowFits } from "./row-fits.ts";
import type { Place, RunMemory } from "./run-memory.ts";
import type { RunRequests } from "./run-requests.ts";
import type { Spec } from "./spec.ts";

// It must not keep the hold from being told soon.
const FIRST_LOOK_MS = 1000;

export interface PositionHoldSource<T extends number> {
  readonly spec: Spec<T>;
  readonly memory: RunMemory;
  readonly requests: RunRequests;
  readonly reporting: Reporting;
  readonly told: Told;
  readonly signal: AbortSignal;
}

/**
 * Holds a consumer whose position the table no longer fits. It goes on in two cases only: a person has moved its cursor,
 * removed its position or asked for a reset, even to the same id; or the row at the cursor is again that of the position.
 */
export class PositionHold<T extends number> {
  readonly #source: PositionHoldSource<T>;
  /** Where the consumer stands while it is held; undefined until that could be read. */
  #place: Place | undefined;

  constructor(source: PositionHoldSource<T>) {
    this.#source = source;
  }

  /** @throws ReflexError `consumer_retired` or `cursor_deleted` if that is asked meanwhile; the signal's reason */
  async untilReleased(fault: ReflexError): Promise<void> {
    const { spec, memory, reporting } = this.#source;
    const reached = memory.reached;
    const found = await this.#firstLook();
    const telling = new HoldTelling(reporting, {
      consumer: spec.consumer.name,
      reason: "position_fault",
      cursor: reached.cursor,
      error: fault,
      message: holdMessage(spec.consumer.name, found ?? reached, fault),
    });
    try {
      // A person may have acted before the consumer was held. A store that has told no position so far may keep none.
      const before =
        reached.stored === undefined && found !== undefined ? { ...reached, stored: found.stored } : reached;
      let why = found === undefined ? undefined : this.#actOf(before, found);
      while (why === undefined) why = await this.#attemptLook();
      telling.released(this.#place?.cursor ?? "", why);
    } finally {
      telling.stop();
    }
  }

  /** Reads where the consumer is held, so that what a person does after the report is noticed as a change. */
  async #firstLook(): Promise<Place | undefined> {
    const { signal } = this.#source;
    try {
      this.#place = await withTimeLimit(this.#read(signal), {
        signal,
        timeoutMs: FIRST_LOOK_MS,
        what: "the held cursor",
      });
    } catch (error) {
      this.#report(error);
    }
    return this.#place;
  }

  /** Waits, then looks whether the consumer can go on. Resolves with the reason for that, if it can. */
  async #attemptLook(): Promise<string | undefined> {
    const { requests, signal } = this.#source;
    try {
      const why = await requests.unlessAsked(signal, async (ending) => {
        await sleep(holdTimes().lookMs, { signal: ending });
        return this.#look(ending);
      });
      if (why !== undefined) return why;
      return (await requests.answerAll(signal)).moved ? await this.#afterReset() : undefined;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  async #afterReset(): Promise<string> {
    this.#place = await this.#read(this.#source.signal);
    return "its cursor was reset";
  }

  async #look(signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#read(signal);
    const before = this.#place ?? found;
    this.#place = found;
    const act = this.#actOf(before, found);
    if (act !== undefined || found.position === undefined) return act;
    const fits = await rowFits(this.#source, found, signal);
    return fits ? "the row at its cursor is the one that it has passed" : undefined;
  }

  /** What a person has done since the consumer stood there. */
  #actOf(before: Place, found: Place): string | undefined {
    const { memory } = this.#source;
    const moved = !isSameCursor(before.cursor, found.cursor);
    if (!moved && before.stored === found.stored) return undefined;
    memory.forget();
    return moved ? "its cursor was moved" : "its position was changed";
  }

  #read(signal: AbortSignal): Promise<Place> {
    const { spec, memory } = this.#source;
    return memory.read(spec.cursors, spec.consumer.name, { signal });
  }

  /** Reports an error that the next look may not meet, and throws any other. */
  #report(error: unknown): void {
    const { spec, reporting, signal } = this.#source;
    const isFinal = isReflexError(error, "consumer_retired") || isReflexError(error, "cursor_deleted");
    if (signal.aborted || isMistake(error) || isFinal) throw error;
    reporting.error({ activity: "hold", name: spec.consumer.name, error, retryInMs: holdTimes().lookMs });
  }
}

function holdMessage(consumer: string, { cursor, position }: Place, { message }: ReflexError): string {
  const until =
    position === undefined
      ? "it goes on when a person has moved its cursor"
      : "it goes on when a person has moved its cursor, or by itself when the row there is again the one that it has passed";
  return `consumer ${consumer} is held at cursor ${cursor}, and nothing is delivered to it: ${message}; ${until}`;
}
