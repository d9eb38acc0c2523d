import { ReflexError } from "../errors/reflex-error.ts";
import { AbortFan } from "../waiting/abort.ts";
import { withTimeLimit } from "../waiting/time-limit.ts";
import { isAtOrBeyond } from "./cursor.ts";
import type { CursorAnswer, CursorControl, CursorRequest, CursorState, CursorWatch } from "./cursor-requests.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import { isExpected } from "./expected.ts";
import type { RunMemory } from "./run-memory.ts";

export interface RunRequestsSource {
  readonly consumer: string;
  readonly cursors: CursorStore;
  readonly memory: RunMemory;
}

/** What a consumer may do once everything was answered that can be answered now. */
export interface Answered {
  readonly state: Exclude<CursorState, "retired">;
  /** Who has paused it. */
  readonly by: string | undefined;
  /** Whether a `reset` was obeyed. */
  readonly moved: boolean;
}

/** Marks the end of something that gives way to a request. */
export const ASKED: Error = new Error("something was asked of the consumer");

const ACTIVE: CursorControl = { state: "active", request: undefined };

/**
 * What people ask of one consumer, as its runs read and answer it. It outlives a run, so that what a run knows already
 * does not disturb the wait for the next one.
 */
export class RunRequests {
  readonly #source: RunRequestsSource;
  #known: CursorControl = ACTIVE;
  #skip: CursorRequest | undefined;

  constructor(source: RunRequestsSource) {
    this.#source = source;
  }

  /** The event that is to be left out when the stream comes to it; undefined if none is. */
  get skip(): CursorRequest | undefined {
    return this.#skip;
  }

  /**
   * Answers one request after the other, until nothing is left but a `skip` that waits for its event.
   * @throws ReflexError `consumer_retired` or `cursor_deleted`
   */
  async answerAll(signal: AbortSignal): Promise<Answered> {
    let moved = false;
    for (;;) {
      const { state, by, request } = await this.#read(signal);
      if (request !== undefined && request.generation !== this.#skip?.generation) {
        moved = (await this.#obey(request, signal)) || moved;
      } else if (state === "retired") {
        throw retired(this.#source.consumer, by);
      } else {
        // One that was withdrawn.
        if (request === undefined) this.#skip = undefined;
        return { state, by, moved };
      }
    }
  }

  /** Answers the `skip` that waits for this event. Resolves with whether the event is passed. */
  async leaveOut(event: ReflexEvent, signal: AbortSignal): Promise<boolean> {
    const { consumer, cursors } = this.#source;
    await this.#settleSkip({ obeyed: true, event }, signal);
    // A request that was withdrawn at the last moment has not moved the cursor, and its event is to be consumed.
    return isAtOrBeyond(await cursors.getCursor(consumer, { signal }), event.id);
  }

  /** Answers a `skip` whose event has not come, though the stream is beyond it. */
  async refuseSkip(signal: AbortSignal): Promise<void> {
    const eventId = this.#skip?.to ?? "";
    await this.#settleSkip({ obeyed: false, reason: `the stream has no event ${eventId}` }, signal);
  }

  /** Watches, until the function is called that it returns. `requested` is called only for what is not known yet. */
  watch(watch: CursorWatch): () => void {
    const { consumer, cursors } = this.#source;
    const requested = (control: CursorControl): void => {
      if (this.#isNews(control)) watch.requested(control);
    };
    return cursors.requests?.watch(consumer, { ...watch, requested }) ?? ((): void => undefined);
  }

  /**
   * Does some other work that ends when something is asked of the consumer. Resolves with undefined in that case. The
   * work is given a signal, by which it is ended then or at the abort of `signal`.
   */
  async unlessAsked<R>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<R>): Promise<R | undefined> {
    const ending = new AbortController();
    const fan = new AbortFan(signal);
    fan.listen(() => ending.abort(fan.reason));
    // A cursor that someone else moves is no loss to a consumer that is at rest: its next run begins where the cursor is
    // then.
    const unwatch = this.watch({ requested: () => ending.abort(ASKED), lost: () => undefined });
    try {
      return await work(ending.signal);
    } catch (error) {
      if (ending.signal.reason === ASKED && isExpected(error, ending.signal)) return undefined;
      throw error;
    } finally {
      unwatch();
      fan.close();
    }
  }

  async #read(signal: AbortSignal): Promise<CursorControl> {
    const { consumer, cursors } = this.#source;
    signal.throwIfAborted();
    this.#known = (await cursors.requests?.read(consumer, { signal })) ?? ACTIVE;
    return this.#known;
  }

  /** Returns whether the cursor was moved. */
  async #obey(request: CursorRequest, signal: AbortSignal): Promise<boolean> {
    const { consumer, cursors, memory } = this.#source;
    this.#skip = undefined;
    // A store whose cursor someone else moved while the consumer was paused or held learns where it is now.
    const cursor = await cursors.getCursor(consumer, { signal });
    if (request.kind === "skip") {
      this.#skip = request;
      if (!isAtOrBeyond(cursor, request.to)) return false;
      await this.#settleSkip({ obeyed: false, reason: `the consumer has passed it: its cursor is ${cursor}` }, signal);
      return false;
    }
    await this.#answer(request, { obeyed: true }, signal);
    if (request.kind === "delete" && (await cursors.getCursor(consumer, { signal })) === "") {
      throw deleted(consumer, request.by);
    }
    if (request.kind !== "reset") return false;
    memory.forget();
    return true;
  }

  async #settleSkip(answer: CursorAnswer, signal: AbortSignal): Promise<void> {
    const skip = this.#skip;
    if (skip !== undefined) await this.#answer(skip, answer, signal);
    this.#skip = undefined;
  }

  async #answer(request: CursorRequest, answer: CursorAnswer, signal: AbortSignal): Promise<void> {
    const { consumer, cursors } = this.#source;
    const answered = Promise.resolve(cursors.requests?.answer(consumer, request, answer));
    await withTimeLimit(answered, { signal, what: `a request to ${consumer} to be answered` });
  }

  /** A store tells of a request again and again, also of a `skip` that waits for its event. */
  #isNews({ state, request }: CursorControl): boolean {
    return (
      state !== this.#known.state || (request !== undefined && request.generation !== this.#known.request?.generation)
    );
  }
}

function retired(consumer: string, by: string | undefined): ReflexError {
  const message = `consumer ${consumer} was retired${by === undefined ? "" : ` by ${by}`}: it runs again once it is resumed`;
  return new ReflexError("consumer_retired", message, { details: { consumer } });
}

function deleted(consumer: string, by: string): ReflexError {
  const message = `the cursor of consumer ${consumer} was deleted by ${by}: another run would begin at the first event`;
  return new ReflexError("cursor_deleted", message, { details: { consumer } });
}
