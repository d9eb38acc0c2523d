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

/** What hands events to a consumer, as far as it tells of that. */
export interface HandsOver {
  /** The event that the consumer is at; undefined if it is at none. */
  readonly atHand: ReflexEvent | undefined;
  /** Whether the event at hand was consumed, and the cursor is being moved past it. */
  readonly moving: boolean;
  /** The last event that the cursor was moved past; undefined if there was none yet. */
  readonly passed: ReflexEvent | undefined;
}

/** Who is asked why a step takes long. */
type Asked = "store" | "stream";

/** A wait at an event or for events, as it was seen first. */
interface SeenWait {
  readonly event: ReflexEvent | undefined;
  readonly moving: boolean;
  readonly turn: number;
  readonly sinceMs: number;
}

/**
 * What a run does now. It outlives an attempt. It costs an event nothing: since when something is waited for at an event is
 * the time at which somebody looked first, and the run is looked at several times a second.
 */
export class RunProgress {
  readonly #cursors: CursorStore;
  #stream: EventStream | undefined;
  #handler: HandsOver | undefined;
  #doing: RunWait | undefined;
  #turn = 0;
  #seen: SeenWait | undefined;
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

  /** Whether the cursor was moved past an event of the stream that is open. */
  get hasMoved(): boolean {
    return this.#handler?.passed !== undefined;
  }

  /** What the run waits for now; undefined if for nothing. */
  get wait(): RunWait | undefined {
    if (this.#doing !== undefined) return this.#doing;
    const handler = this.#handler;
    if (handler === undefined) return undefined;
    const { atHand, moving } = handler;
    const sinceMs = this.#since(atHand, moving);
    return atHand === undefined ? this.#waitForEvents(sinceMs) : this.#waitForEvent(atHand.id, { moving, sinceMs });
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
    this.#turn++;
    this.#handler = handler;
  }

  /** All events that have come are done with. */
  waits(): void {
    this.#turn++;
  }

  /** The stream has ended. */
  ends(): void {
    this.#position = this.position;
    this.#handler = undefined;
    this.#stream = undefined;
    this.#seen = undefined;
  }

  /** Does something for the run that may take long. */
  step<R>(what: string, asked: Asked, work: Promise<R>): Promise<R> {
    const whom = asked === "store" ? this.#cursors : this.#stream;
    return this.#during({ kind: "step", what, why: whom?.whySlow?.bind(whom) }, work);
  }

  /** Waits for something that the consumer does besides its events. Nothing goes on before it has ended. */
  work<R>(what: string, work: Promise<R>): Promise<R> {
    return this.#during({ kind: "step", what, why: this.#shortage }, work);
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

  #since(event: ReflexEvent | undefined, moving: boolean): number {
    const seen = this.#seen;
    const turn = this.#turn;
    if (seen !== undefined && seen.event === event && seen.moving === moving && seen.turn === turn) return seen.sinceMs;
    this.#seen = { event, moving, turn, sinceMs: performance.now() };
    return this.#seen.sinceMs;
  }

  #waitForEvents(sinceMs: number): RunWait {
    const stream = this.#stream;
    return { kind: "events", what: "events", sinceMs, event: undefined, why: stream?.whySlow?.bind(stream) };
  }

  #waitForEvent(event: string, { moving, sinceMs }: { moving: boolean; sinceMs: number }): RunWait {
    const cursors = this.#cursors;
    if (!moving) return { kind: "work", what: `its work on event ${event}`, sinceMs, event, why: this.#shortage };
    const what = `its cursor to be moved to ${event}`;
    return { kind: "step", what, sinceMs, event, why: cursors.whySlow?.bind(cursors) };
  }

  /** The consumer's own work waits for nobody that the library knows, unless a pool that the run uses is drained. */
  readonly #shortage = async (): Promise<WaitCause | undefined> =>
    this.#stream?.shortage?.() ?? this.#cursors.shortage?.();
}
