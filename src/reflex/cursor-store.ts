import type { CallOptions } from "../waiting/time-limit.ts";
import type { CursorRequests } from "./cursor-requests.ts";
import type { ReflexEvent } from "./event.ts";
import type { Told } from "./observer.ts";
import type { PoolUse } from "./pool-use.ts";
import type { Diagnosable, ToldWait } from "./wait-cause.ts";

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
export interface CursorStore extends AsyncDisposable, Diagnosable {
  /** The consumer's cursor; "" if it has none. What the store still holds back for this consumer is written first. */
  getCursor(consumer: string, options?: CallOptions): Promise<string>;
  /**
   * Moves the consumer's cursor forward.
   * @throws ReflexError `cursor_not_advanced` if the cursor is there or beyond already, or if someone else moved it.
   */
  setCursor(consumer: string, cursor: string, options?: SetCursorOptions): Promise<void>;
  /** Writes what the store holds back, and waits until it is written. */
  flush(options?: FlushOptions): Promise<void>;
  /**
   * The position that was stored with the consumer's cursor, as `positionOf` made it of the event that `setCursor`
   * was given. Undefined where none is known. By it a new run notices that its table was truncated, restored or swapped
   * while nobody ran. Behind a store without this function, only a run that has read the event itself notices that.
   */
  getPosition?(consumer: string, options?: CallOptions): Promise<string | undefined>;
  /**
   * The statement or call by which a person accepts the table as it is, so that a run goes on at the cursor in spite of
   * its position. It is part of the error's text.
   */
  remedy?(consumer: string, cursor: string): string;
  /**
   * Tells these too how the cursors go, until the function is called that it returns, if the store has no observer or no
   * logger of its own. A run passes its own.
   */
  tellTo?(told: Told): () => void;
  /**
   * The wait in which the store stands with what it does for the consumer by itself: writing a cursor that it holds back,
   * looking for requests. Undefined if it stands in none that is long. The run shows it in its status, and the store
   * tells its observer. It costs next to nothing, and never throws.
   */
  waitFor?(consumer: string): ToldWait | undefined;
  /** How the store uses a pool of connections; undefined for a store that has none, or does not tell. */
  readonly pool?: PoolUse | undefined;
  /** What people ask of consumers while they run. Undefined where the store can't keep such requests. */
  readonly requests?: CursorRequests | undefined;
}
