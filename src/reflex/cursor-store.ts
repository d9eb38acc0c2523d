import type { CallOptions } from "../waiting/time-limit.ts";
import type { ReflexEvent } from "./event.ts";

/** How a cursor is moved. */
export interface SetCursorOptions extends CallOptions {
  /** The event that the cursor has passed. */
  event?: ReflexEvent | undefined;
}

/** Which cursors are written, and for how long to wait. */
export interface FlushOptions extends CallOptions {
  /** Write only this consumer's cursor. */
  consumer?: string | undefined;
}

/** Where consumers keep their cursors. One store serves any number of consumers. */
export interface CursorStore extends AsyncDisposable {
  /** The consumer's cursor; "" if it has none. What the store still holds back for this consumer is written first. */
  getCursor(consumer: string, options?: CallOptions): Promise<string>;
  /**
   * Moves the consumer's cursor forward.
   * @throws ReflexError `cursor_not_advanced` if the cursor is there or beyond already, or if someone else moved it.
   */
  setCursor(consumer: string, cursor: string, options?: SetCursorOptions): Promise<void>;
  /** Writes what the store holds back, and waits until it is written. */
  flush(options?: FlushOptions): Promise<void>;
}
