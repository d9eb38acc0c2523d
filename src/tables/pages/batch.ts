import type { ReflexEvent } from "../../reflex/event.ts";

/** Events that follow a position, of one epoch. */
export interface Batch {
  readonly events: readonly ReflexEvent[];
  readonly epoch: number;
  readonly last: ReflexEvent | undefined;
  /** Whether they fill a page, so that more of them can be expected to be there. */
  readonly full: boolean;
  /** Says that several streams were given it. */
  share?(): void;
  /**
   * Lets go of the events, unless several streams were given it. To be called once they were passed on, since promises that
   * resolved with this may keep it for long.
   */
  letGo?(): void;
}
