import type { ReflexEvent } from "../../reflex/event.ts";

/** Events that follow one another, and how far they bring the stream. */
export interface Page<T extends number> {
  /** May be empty: noops bring a stream forward too. Who has handed them over lets go of them. */
  events: readonly ReflexEvent<T>[];
  /** The id of the last row that the page passes. */
  readonly position: string;
}

/** Where a stream gets its pages from. */
export interface Feed<T extends number> {
  /** Opens it and resolves with the cursor that it starts after. Called once, before `next`. */
  start(): Promise<string>;
  /** The next page, once there is one; undefined at the end. Rejects with the signal's reason at an abort. */
  next(): Promise<Page<T> | undefined>;
  /** Frees what it holds, and resolves when that is done; a read under way is left behind. */
  close(): Promise<void>;
}
