import type { CallWatch } from "../../database/sessions/call-watch.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import { showName } from "../../errors/show.ts";
import { checkCallOptions, checkFlushOptions, checkSetCursorOptions, onlyEvent } from "../../reflex/call-options.ts";
import { checkConsumerName } from "../../reflex/consumer.ts";
import type { FlushOptions, SetCursorOptions } from "../../reflex/cursor-store.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionAt } from "../../reflex/event-position.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { done } from "../../waiting/done.ts";
import { Mutex } from "../../waiting/mutex.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import { WRITE } from "./cursor-chores.ts";
import { type CursorEntry, createEntry, notAdvanced, PendingCursor, throwFault } from "./cursor-entry.ts";
import { writeEntries } from "./cursor-flush.ts";
import type { CursorRows, StoredCursor } from "./cursor-rows.ts";
import { CursorTimer } from "./cursor-timer.ts";
import { castCursor, isBeyond, isPlainlyBeyond } from "./cursor-type.ts";
import type { CursorWriter } from "./cursor-writer.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";
import { flushBeforeExit } from "./flush-before-exit.ts";

export interface BufferedCursorsSource {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly rows: CursorRows;
  readonly writer: CursorWriter;
  readonly reporting: Reporting;
  readonly watch: CallWatch;
  /** Told of a cursor that can't be written any more. Returns whether a run heard of it. */
  readonly lost: (consumer: string, error: ReflexError) => boolean;
}

/** A cursor to be set, with the options of the call. */
interface Move {
  readonly cursor: string;
  readonly options: SetCursorOptions;
}

/** A call of `setCursor` that is under way. */
interface SetCall {
  readonly cursor: string;
  /** The event that the cursor has passed, as far as it was told. */
  readonly event: ReflexEvent | undefined;
  /** Aborted once the caller was told that the call failed: it must not take effect any more. */
  readonly signal: AbortSignal;
}

/** What one process knows of the cursors in one table of one database, and what it has yet to write there. */
export class BufferedCursors {
  readonly #source: BufferedCursorsSource;
  readonly #entries = new Map<string, CursorEntry>();
  readonly #dirty = new Set<CursorEntry>();
  readonly #timer: CursorTimer;
  /** Held by the write under way. */
  readonly #writes = new Mutex();
  #forgetExit: (() => void) | undefined;
  /** Whether it was closed, and no cursor was set since. */
  #closed = false;

  constructor(source: BufferedCursorsSource) {
    this.#source = source;
    const { config, reporting, table } = source;
    this.#timer = new CursorTimer({
      periodMs: config.asyncPeriodMs,
      sleep: config.sleep,
      fire: () => void this.#flushUnasked().catch((error: unknown) => this.#retryLater(error)),
      sleepFailed: (error) => reporting.error({ activity: "sleep", name: table, error }),
    });
  }

  async getCursor(consumer: string, options: CallOptions = {}): Promise<string> {
    checkConsumerName(consumer);
    const checked = checkCallOptions("getCursor", options);
    const { signal, timeoutMs } = checked;
    signal?.throwIfAborted();
    const what = `the cursor of ${consumer} to be read from ${this.#source.table}`;
    const entry = this.#entry(consumer);
    const read = async (): Promise<string> => {
      if (entry.pending !== undefined) await this.flush({ ...checked, consumer });
      const { cursor = "" } = (await this.#read(entry, checked)) ?? {};
      if (entry.faultTold) entry.fault = undefined;
      return cursor;
    };
    return withTimeLimit(read(), { signal, timeoutMs, what });
  }

  /** The position of the consumer's cursor; undefined if it is unknown. What is held back is written first. */
  async getPosition(consumer: string, options: CallOptions = {}): Promise<string | undefined> {
    checkConsumerName(consumer);
    const checked = checkCallOptions("getPosition", options);
    if (this.#entries.get(consumer)?.pending !== undefined) await this.flush({ ...checked, consumer });
    const row = await this.#source.rows.read(consumer, checked);
    return row === undefined ? undefined : positionAt(row.cursor, row.position);
  }

  /** Runs `work` while no cursor is written. */
  atRest<R>(work: () => Promise<R>): Promise<R> {
    return this.#writes.run(work);
  }

  /** Runs `work` on what is known of a consumer while no cursor is written, once what is held back of it was written. */
  alone<R>(consumer: string, work: (entry: CursorEntry) => Promise<R>): Promise<R> {
    const entry = this.#entry(consumer);
    return this.#writes.run(async () => {
      if (entry.pending !== undefined) await this.#write([entry], {});
      throwFault(entry);
      return work(entry);
    });
  }

  /** Someone else has moved or removed the cursor: what is held back for it builds on a place that it has left. */
  lose(entry: CursorEntry, error: ReflexError): void {
    // The event at hand must not move the cursor from where someone else has put it.
    entry.fault = error;
    this.#clean(entry);
    entry.faultTold = this.#source.lost(entry.consumer, error);
  }

  /** What is known of a consumer; undefined if it was neither read nor set here. */
  known(consumer: string): CursorEntry | undefined {
    return this.#entries.get(consumer);
  }

  setCursor(consumer: string, cursor: string, options: SetCursorOptions = {}): Promise<void> {
    const entry = this.#entries.get(consumer);
    if (entry?.pending !== undefined && this.#movesOn(entry, entry.pending, { cursor, options })) return done;
    return this.#setCursor(consumer, cursor, options);
  }

  /**
   * Handles what most calls come to: the cursor of a running consumer moves on, and nothing is written yet. Returns
   * false if the call is another one.
   */
  #movesOn(entry: CursorEntry, pending: PendingCursor, move: Move): boolean {
    const { cursor, options } = move;
    if (!this.#holdsBack || entry.fault !== undefined) return false;
    const event = onlyEvent(options);
    if (event === false) return false;
    if (this.#source.config.cursorType !== "int" || !isPlainlyBeyond(cursor, pending.cursor)) return false;
    this.#source.rows.checkCursorFits(cursor);
    entry.pending = new PendingCursor(cursor, pending.heldSinceMs, event);
    this.#closed = false;
    // A write that failed has stopped the timer.
    this.#timer.start();
    return true;
  }

  async #setCursor(consumer: string, cursor: string, options: SetCursorOptions): Promise<void> {
    checkConsumerName(consumer);
    this.#checkCursor(cursor);
    const { signal, timeoutMs, event } = checkSetCursorOptions(options);
    signal?.throwIfAborted();
    const entry = this.#entry(consumer);
    if (this.#holdsBack && !this.#mustRead(entry, cursor)) return this.#hold(entry, { cursor, event });
    const ending = new AbortController();
    await withTimeLimit(this.#set(entry, { cursor, event, signal: ending.signal }), {
      signal,
      timeoutMs,
      what: `the cursor of ${consumer} to be set in ${this.#source.table}`,
      onGivenUp: () => ending.abort(),
    });
  }

  /**
   * Writes what is pending, once the write under way has ended: two writes at once would compare with each other's
   * values.
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    const checked = checkFlushOptions(options);
    const { consumer, signal, timeoutMs } = checked;
    const turn = this.#writes.run(() => {
      const due = [...this.#dirty].filter((entry) => consumer === undefined || entry.consumer === consumer);
      return this.#write(due, checked);
    });
    await withTimeLimit(turn, { signal, timeoutMs, what: `the cursors of ${this.#source.table} to be written` });
  }

  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      // A write that was under way and failed has started the timer anew.
      this.#timer.stop();
    }
  }

  #flushUnasked(): Promise<void> {
    return this.#source.watch.duringTry(WRITE, this.flush());
  }

  get #holdsBack(): boolean {
    return this.#source.config.asyncPeriodMs > 0;
  }

  #entry(consumer: string): CursorEntry {
    const known = this.#entries.get(consumer);
    if (known !== undefined) return known;
    const entry = createEntry(consumer);
    this.#entries.set(consumer, entry);
    return entry;
  }

  #checkCursor(cursor: string): void {
    castCursor(this.#source.config.cursorType, cursor);
    if (cursor !== "") return;
    throw new ReflexError("invalid_cursor", `a cursor to be set must not be empty, found ${showName(cursor)}`);
  }

  /**
   * Whether the cursor must be read before it is set. It is read before a refusal too: someone who moved the cursor
   * back by hand should not have to restart this process.
   */
  #mustRead(entry: CursorEntry, cursor: string): boolean {
    if (entry.pending !== undefined || entry.fault !== undefined) return false;
    return !entry.known || !this.#advances(cursor, entry.stored);
  }

  #advances(cursor: string, existing: StoredCursor | undefined): boolean {
    return existing === undefined || isBeyond(this.#source.config.cursorType, cursor, existing.cursor);
  }

  async #read(entry: CursorEntry, { signal, timeoutMs }: CallOptions): Promise<StoredCursor | undefined> {
    const { writes } = entry;
    const found = await this.#source.rows.read(entry.consumer, { signal, timeoutMs });
    // What was set or written while the row was read is newer than the row.
    if (entry.writes === writes && entry.pending === undefined) {
      entry.stored = found;
      entry.known = true;
    }
    return found;
  }

  async #set(entry: CursorEntry, call: SetCall): Promise<void> {
    if (this.#mustRead(entry, call.cursor)) await this.#read(entry, call);
    call.signal.throwIfAborted();
    if (this.#holdsBack) return this.#hold(entry, call);
    await this.#writes.run(async () => {
      call.signal.throwIfAborted();
      this.#hold(entry, call);
      try {
        await this.#write([entry], call);
      } finally {
        // The caller is told of the failure, and may set the cursor again.
        this.#clean(entry);
      }
      throwFault(entry);
    });
  }

  #hold(entry: CursorEntry, { cursor, event }: Pick<SetCall, "cursor" | "event">): void {
    throwFault(entry);
    const { consumer } = entry;
    const { table, rows } = this.#source;
    const existing = entry.pending ?? entry.stored;
    if (!this.#advances(cursor, existing)) {
      throw notAdvanced({ table, consumer, cursor, existing, reason: "it is there or beyond already" });
    }
    rows.checkFits(consumer, cursor);
    entry.pending = new PendingCursor(cursor, entry.pending?.heldSinceMs ?? Date.now(), event);
    this.#closed = false;
    this.#dirty.add(entry);
    if (!this.#holdsBack) return;
    this.#timer.start();
    this.#forgetExit ??= flushBeforeExit({ flush: () => this.#flushUnasked() });
  }

  #clean(entry: CursorEntry): void {
    entry.pending = undefined;
    this.#dirty.delete(entry);
    if (this.#dirty.size > 0) return;
    this.#timer.stop();
    if (this.#holdsBack) this.#source.watch.settled(WRITE);
    this.#forgetExit?.();
    this.#forgetExit = undefined;
  }

  #write(entries: readonly CursorEntry[], options: CallOptions): Promise<void> {
    return writeEntries(entries, options, {
      ...this.#source,
      clean: (entry) => this.#clean(entry),
      lost: (entry, error) => {
        entry.faultTold = this.#source.lost(entry.consumer, error);
      },
    });
  }

  #retryLater(error: unknown): void {
    const { table, reporting, config } = this.#source;
    // A flush that has waited behind that of close() fails after it, and is the last one.
    if (this.#closed) return reporting.error({ activity: "flush", name: table, error });
    reporting.error({ activity: "flush", name: table, error, retryInMs: config.asyncPeriodMs });
    this.#timer.start();
  }
}
