import { isReflexError } from "../../errors/reflex-error.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";

const MIB: number = 1024 * 1024;
export const DEFAULT_MEMORY_MIB = 64;
// Beyond the time after which it is told as a stall.
export const LONGEST_ROOM_WAIT_MS = 5000;
// The parts of the memory. What nobody holds any more stays until V8 collects it, which may be as much again as twice these.
const PAGES_PART: number = 3 / 16;
const LONG_VALUES_PART: number = 1 / 8;
// Of small pieces that are read though others hold all of that: in this part of the memory, each at most as large as that.
const SMALL_PIECES_PART: number = 1 / 8;
const SMALL_PIECE_PART: number = 1 / 128;
const CACHES_PART: number = 1 / 16;
const [LEAST_PAGE_BYTES, MOST_PAGE_BYTES] = [16 * 1024, 4 * MIB];
// A stream that catches up has a page that it hands out, and one or two that were asked for early.
const PAGES_OF_A_STREAM = 3;
// One piece that is handed out, and the next.
const PIECES_OF_A_STREAM = 2;

/** Long values that someone holds, by their bytes: until the last of those who hold them lets go. */
export class HeldValues {
  readonly #onFree: () => void;
  #holders = 1;

  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#onFree();
  }
}

interface Waiter {
  readonly bytes: number;
  held: HeldValues | undefined;
  grant: (() => void) | undefined;
}

/**
 * How much memory metadata and traces of events may take, of all streams of a process together. Pages share one part of
 * it: the more streams catch up, the smaller are their pages. Values too long for a page share another: whoever wants to
 * read many of them waits until others have let go of theirs. Whoever wants few need not: there is a part for small pieces,
 * so that a consumer that works long on a large event keeps no stream of smaller ones waiting. A last part is for what is
 * kept for other streams.
 */
export class EventMemory {
  #limitBytes: number = DEFAULT_MEMORY_MIB * MIB;
  #heldBytes = 0;
  #smallBytes = 0;
  #catchingUp = 0;
  #caches = 0;
  readonly #waiters = new Set<Waiter>();

  /** How many bytes of long values are held. */
  get heldBytes(): number {
    return this.#heldBytes + this.#smallBytes;
  }

  /** How many bytes all events may take. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** How many of these are for long values. */
  get longBytes(): number {
    return this.#limitBytes * LONG_VALUES_PART;
  }

  /** Whether long values take so much memory that none should be read before they are needed. */
  get scarce(): boolean {
    return this.#waiters.size > 0 || this.#heldBytes > this.longBytes / 2;
  }

  /** How many bytes the values of a page may have. */
  get pageBytes(): number {
    const share = (this.#limitBytes * PAGES_PART) / (PAGES_OF_A_STREAM * Math.max(1, this.#catchingUp));
    return Math.max(LEAST_PAGE_BYTES, Math.min(MOST_PAGE_BYTES, share));
  }

  /** How many bytes of long values are read at a time; one value may have more. */
  get pieceBytes(): number {
    const share = this.longBytes / (PIECES_OF_A_STREAM * Math.max(1, this.#catchingUp));
    return this.#isFree ? share : Math.min(share, this.#smallPieceBytes);
  }

  /** How many bytes one table's reader may keep for other streams. */
  get cacheBytes(): number {
    return (this.#limitBytes * CACHES_PART) / Math.max(1, this.#caches);
  }

  /** How many bytes a piece may have that need not wait. */
  get #smallPieceBytes(): number {
    const share = (this.#limitBytes * SMALL_PIECES_PART) / Math.max(1, this.#catchingUp);
    return Math.min(this.#limitBytes * SMALL_PIECE_PART, share);
  }

  setLimit(memoryMiB: number): void {
    this.#limitBytes = memoryMiB * MIB;
    this.#grant();
  }

  /** A stream begins to catch up: it reads pages that are full. To be called back with {@link caughtUp}. */
  catchesUp(): void {
    this.#catchingUp++;
  }

  caughtUp(): void {
    this.#catchingUp--;
  }

  /** A reader that may keep events for other streams is opened, or closed. */
  countCache(difference: 1 | -1): void {
    this.#caches += difference;
  }

  /** Counts values that are there already. */
  take(bytes: number): HeldValues {
    this.#heldBytes += bytes;
    return new HeldValues(() => {
      this.#heldBytes -= bytes;
      this.#grant();
    });
  }

  /** Room for long values, if nobody has to wait for it; small pieces do not, unless there are very many of them. */
  roomNow(bytes: number): HeldValues | undefined {
    if (this.#isFree) return this.take(bytes);
    return this.#hasRoomForSmall(bytes) ? this.#takeSmall(bytes) : undefined;
  }

  /**
   * Waits until there is room for long values, in the order in which it was asked for. There is, once what is held is
   * below the bound: one piece may exceed it. A wait is given up after some seconds, with room beyond the bound: whoever
   * holds the memory may work on an event for ever, and must not keep others from reading.
   */
  async room(bytes: number, signal: AbortSignal): Promise<HeldValues> {
    const now = this.roomNow(bytes);
    if (now !== undefined) return now;
    try {
      return await this.#wait(bytes, signal);
    } catch (error) {
      if (signal.aborted || !isReflexError(error, "time_limit")) throw error;
      return this.take(bytes);
    }
  }

  /** Whether nobody who asks for room has to wait. */
  get #isFree(): boolean {
    return this.#hasRoom && this.#waiters.size === 0;
  }

  get #hasRoom(): boolean {
    return this.#heldBytes < this.longBytes;
  }

  #hasRoomForSmall(bytes: number): boolean {
    return bytes <= this.#smallPieceBytes && this.#smallBytes + bytes <= this.#limitBytes * SMALL_PIECES_PART;
  }

  /** Counts a small piece. It takes nothing from those who wait for room, who would wait for ever behind many of them. */
  #takeSmall(bytes: number): HeldValues {
    this.#smallBytes += bytes;
    return new HeldValues(() => {
      this.#smallBytes -= bytes;
    });
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<HeldValues> {
    const waiter: Waiter = { bytes, held: undefined, grant: undefined };
    const granted = new Promise<void>((resolve) => {
      waiter.grant = resolve;
    });
    this.#waiters.add(waiter);
    await withTimeLimit(granted, {
      signal,
      timeoutMs: LONGEST_ROOM_WAIT_MS,
      what: "memory that other streams' events take",
      onGivenUp: () => {
        this.#waiters.delete(waiter);
        // It may have been granted just before.
        waiter.held?.release();
      },
    });
    if (waiter.held === undefined) throw new Error("room is granted with what it holds");
    return waiter.held;
  }

  #grant(): void {
    for (const waiter of this.#waiters) {
      if (!this.#hasRoom) return;
      this.#waiters.delete(waiter);
      waiter.held = this.take(waiter.bytes);
      waiter.grant?.();
    }
  }
}

/** The memory of all streams in this process. */
export const eventMemory: EventMemory = new EventMemory();
