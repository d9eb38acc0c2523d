import type { CallOptions } from "../waiting/time-limit.ts";
import type { ReflexEvent } from "./event.ts";

/**
 * What a person can ask of a running consumer: to go on at another place (`reset`), to leave out one event (`skip`), to
 * deliver nothing for a while (`pause`, `resume`), to end for good and keep its record (`retire`), or without (`delete`).
 */
export type CursorRequestKind = "reset" | "skip" | "pause" | "resume" | "retire" | "delete";

/** Whether a consumer may run: not while it is paused, and not once it is retired, unless it is resumed. */
export type CursorState = "active" | "paused" | "retired";

/** Something that was asked of a consumer and is not answered yet. */
export interface CursorRequest {
  /** What is asked. */
  readonly kind: CursorRequestKind;
  /** The number of the request among those of this cursor. */
  readonly generation: string;
  /** For a `reset` the cursor to go on after, for a `skip` the id of the event to leave out; else "". */
  readonly to: string;
  /** Who asked. */
  readonly by: string;
}

/** What is known of a consumer besides its cursor. */
export interface CursorControl {
  /** Whether the consumer may run. */
  readonly state: CursorState;
  /** Who has paused or retired it; undefined while it is active. */
  readonly by?: string | undefined;
  /** What is asked of it; undefined if nothing is. */
  readonly request: CursorRequest | undefined;
}

/** What a run says to a request. */
export interface CursorAnswer {
  /** Whether the run does what is asked. */
  readonly obeyed: boolean;
  /** Why not, in a sentence for people. */
  readonly reason?: string | undefined;
  /** The event that was left out, for a `skip` that is obeyed. */
  readonly event?: ReflexEvent | undefined;
}

/** What a run wants to be told of its cursor while it runs. */
export interface CursorWatch {
  /** The name of the events table in which the cursor is a position. It is kept with the cursor. */
  readonly table?: string | undefined;
  /** There is a request, or the consumer's state has changed. Called again while that stays so. */
  requested(control: CursorControl): void;
  /** Someone else has moved or removed the cursor, or it could not be written for good. */
  lost(error: unknown): void;
}

/** How a cursor store passes on what people ask of running consumers. */
export interface CursorRequests {
  /** What is asked of the consumer now. */
  read(consumer: string, options?: CallOptions): Promise<CursorControl>;
  /**
   * Answers a request. For one that is obeyed, the cursor is moved, the state set or the row deleted as it asks, in the
   * same statement. What the store held back of this consumer is written before. Does nothing if the request was withdrawn.
   */
  answer(consumer: string, request: CursorRequest, answer: CursorAnswer): Promise<void>;
  /** Looks at once, and then every 5 s, until the function is called that it returns. It does not keep the process alive. */
  watch(consumer: string, watch: CursorWatch): () => void;
}
