import type { Session } from "../database.ts";
import type { BorrowedSession } from "./borrowed-session.ts";

/** A read that is under way on a lane, or waits there for the ones before it. */
export interface LaneRead {
  /** What is read, such as a table: reads of one subject follow one another. */
  readonly subject: string;
  /** Resolves when the read is to be made on another lane. Undefined for one that began with no other before it. */
  readonly moved: Promise<typeof MOVED> | undefined;
  /** Resolves {@link moved}. */
  readonly move: () => void;
}

/** What a read's wait ends with when it is to be made on another lane. */
export const MOVED: unique symbol = Symbol("moved");

const nothing = (): void => undefined;

/** One connection of those through which streams read, and the reads on it, in their order. */
export class ReadLane {
  readonly held: BorrowedSession;
  /** See {@link SharedSession.epoch}. */
  readonly epoch: number;
  readonly #reads = new Set<LaneRead>();
  #firstSinceMs = 0;

  constructor(held: BorrowedSession, epoch: number) {
    this.held = held;
    this.epoch = epoch;
  }

  /** The session, if it is open. */
  get session(): Session | undefined {
    return this.held.session;
  }

  /** The read that the server is at work on; the others wait for it. */
  get first(): LaneRead | undefined {
    const [first] = this.#reads;
    return first;
  }

  /** For how long that is so, in ms. */
  get firstTookMs(): number {
    return performance.now() - this.#firstSinceMs;
  }

  get isFree(): boolean {
    return this.#reads.size === 0;
  }

  begin(subject: string): LaneRead {
    const read = this.isFree ? { subject, moved: undefined, move: nothing } : movable(subject);
    if (this.isFree) this.#firstSinceMs = performance.now();
    this.#reads.add(read);
    return read;
  }

  end(read: LaneRead): void {
    if (read === this.first) this.#firstSinceMs = performance.now();
    this.#reads.delete(read);
  }

  /** The reads of other subjects than that of the first one, which wait for it. */
  waitingForOther(): LaneRead[] {
    const { first } = this;
    return [...this.#reads].filter(({ subject }) => subject !== first?.subject);
  }
}

function movable(subject: string): LaneRead {
  let move = nothing;
  const moved = new Promise<typeof MOVED>((resolve) => {
    move = () => resolve(MOVED);
  });
  return { subject, moved, move };
}
