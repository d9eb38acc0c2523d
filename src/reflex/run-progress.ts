import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import type { EventStream } from "./stream.ts";
import type { WaitCause } from "./wait-cause.ts";

/**
 * What a run waits for.
 *
 * - `step`: something that the library does for the run, such as reading its cursor.
 * - `work`: the consumer's own work.
 * - `events`: the next events of the stream.
 */
export type RunWaitKind = "step" | "work" | "events";

/** Something that a run waits for. */
export interface RunWait {
  readonly kind: RunWaitKind;
  /** What is waited for, as part of a sentence. */
  readonly what: string;
  /** Since when, by `performance.now()`. */
  readonly sinceMs: number;
  /** The id of the event at hand; undefined if there is none. */
  readonly event: string | undefined;
  /** Asks what stands in the way. Undefined where nobody can tell. */
  readonly why: (() => Promise<WaitCause | undefined>) | undefined;
}

/** The event that a consumer is at. */
export interface EventAtHand {
  readonly event: ReflexEvent;
  /** Since when it is consumed, or its cursor is moved, by `performance.now()`. */
  readonly sinceMs: number;
  /** Whether it was consumed, and its cursor is being moved. */
  readonly moving: boolean;
}

/** What hands events to a consumer, as far as it tells of that. */
export interface HandsOver {
  /** The event that the consumer is at; undefined if it is at none. */
  readonly atHand: EventAtHand | undefined;
  /** The last event that the cursor was moved past; undefined if there was none yet. */
  readonly passed: ReflexEvent | undefined;
}

/** Who is asked why a step takes long. */
type Asked = "store" | "stream";

/** What a run does now. It outlives an attempt, and costs an event nothing. */
export class RunProgress {
  readonly #cursors: CursorStore;
  #stream: EventStream | undefined;
  #handler: HandsOver | undefined;
  #doing: RunWait | undefined;
  #waitingSinceMs = 0;
  #position = "";
  #table = "";

  constructor(cursors: CursorStore) {
    this.#cursors = cursors;
  }

  /** The consumer's cursor, as far as it is known; "" if it has none. */
  get position(): string {
    return this.#handler?.passed?.id ?? this.#position;
  }

  /** The events table that is read; "" if that is not known. */
  get table(): string {
    return this.#table;
  }

  /** Whether events are handed over, or waited for. */
  get isStreaming(): boolean {
    return this.#handler !== undefined && this.#doing === undefined;
  }

  /** What the run waits for now; undefined if for nothing. */
  get wait(): RunWait | undefined {
    if (this.#doing !== undefined) return this.#doing;
    const handler = this.#handler;
    if (handler === undefined) return undefined;
    const { atHand } = handler;
    return atHand === undefined ? this.#waitForEvents() : this.#waitForEvent(atHand);
  }

  /** The consumer's cursor is there. */
  at(cursor: string): void {
    this.#position = cursor;
  }

  /** A stream was made, which is not open yet. */
  opens(stream: EventStream): void {
    this.#stream = stream;
    this.#table = stream.table ?? "";
  }

  /** The events of the stream are handed over from now on. */
  begins(handler: HandsOver): void {
    this.#waitingSinceMs = performance.now();
    this.#handler = handler;
  }

  /** All events that have come are done with. */
  waits(): void {
    this.#waitingSinceMs = performance.now();
  }

  /** The stream has ended. */
  ends(): void {
    this.#position = this.position;
    this.#handler = undefined;
    this.#stream = undefined;
  }

  /** Does something for the run that may take long. */
  step<R>(what: string, asked: Asked, work: Promise<R>): Promise<R> {
    const whom = asked === "store" ? this.#cursors : this.#stream;
    return this.#during({ kind: "step", what, why: whom?.whySlow?.bind(whom) }, work);
  }

  /** Waits for something that the consumer does besides its events. */
  work<R>(what: string, work: Promise<R>): Promise<R> {
    return this.#during({ kind: "work", what, why: this.#shortage }, work);
  }

  async #during<R>(doing: Pick<RunWait, "kind" | "what" | "why">, work: Promise<R>): Promise<R> {
    const wait = { ...doing, sinceMs: performance.now(), event: undefined };
    this.#doing = wait;
    try {
      return await work;
    } finally {
      if (this.#doing === wait) this.#doing = undefined;
    }
  }

  #waitForEvents(): RunWait {
    const stream = this.#stream;
    const sinceMs = this.#waitingSinceMs;
    return { kind: "events", what: "events", sinceMs, event: undefined, why: stream?.whySlow?.bind(stream) };
  }

  #waitForEvent({ event: { id: event }, sinceMs, moving }: EventAtHand): RunWait {
    const cursors = this.#cursors;
    if (!moving) return { kind: "work", what: `its work on event ${event}`, sinceMs, event, why: this.#shortage };
    const what = `its cursor to be moved to ${event}`;
    return { kind: "step", what, sinceMs, event, why: cursors.whySlow?.bind(cursors) };
  }

  /** The consumer's own work waits for nobody that the library knows, unless a pool that the run uses is drained. */
  readonly #shortage = async (): Promise<WaitCause | undefined> =>
    this.#stream?.shortage?.() ?? this.#cursors.shortage?.();
}
