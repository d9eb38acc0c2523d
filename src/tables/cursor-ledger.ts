import { checkConsumerName } from "../reflex/consumer.ts";
import type { FlushOptions, SetCursorOptions } from "../reflex/cursor-store.ts";
import { ReflexError, show } from "../reflex/errors.ts";
import type { Reporting } from "../reflex/observer.ts";
import { type CallOptions, withTimeLimit } from "../waiting/time-limit.ts";
import { startTimer } from "../waiting/timer.ts";
import { castCursor, isBeyond } from "./cursor-type.ts";
import type { CursorWriter, StoredCursor, WriteOutcome } from "./cursor-writer.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";
import { flushBeforeExit } from "./flush-before-exit.ts";

export interface CursorLedgerSource {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly writer: CursorWriter;
  readonly reporting: Reporting;
}

interface Entry {
  /** The cursor as this process last read or wrote it; undefined if it has no row. */
  stored: StoredCursor | undefined;
  /** Set and not written yet. */
  pending: StoredCursor | undefined;
  /** Someone else moved it: thrown by the consumer's next `setCursor`. */
  fault: ReflexError | undefined;
}

/** What one process knows of the cursors in one table of one database, and what it has yet to write. */
export class CursorLedger {
  readonly #source: CursorLedgerSource;
  readonly #entries = new Map<string, Promise<Entry>>();
  readonly #dirty = new Map<string, Entry>();
  #writing: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(source: CursorLedgerSource) {
    this.#source = source;
  }

  async getCursor(consumer: string, options: CallOptions = {}): Promise<string> {
    checkConsumerName(consumer);
    if (this.#dirty.has(consumer)) await this.flush({ ...options, consumer });
    // Read anew: another process may have moved it since.
    this.#entries.delete(consumer);
    return (await this.#entry(consumer, options)).stored?.cursor ?? "";
  }

  async setCursor(consumer: string, cursor: string, options: SetCursorOptions = {}): Promise<void> {
    checkConsumerName(consumer);
    this.#checkCursor(cursor);
    const entry = await this.#entry(consumer, options);
    this.#throwFault(entry);
    const existing = entry.pending ?? entry.stored;
    if (existing !== undefined && !isBeyond(this.#source.config.cursorType, cursor, existing.cursor)) {
      throw this.#notAdvanced({ consumer, cursor, existing, reason: "it is there or beyond already" });
    }
    entry.pending = { cursor, time: new Date().toISOString() };
    this.#dirty.set(consumer, entry);
    if (this.#source.config.asyncPeriodMs > 0) return this.#flushLater();
    await this.flush({ ...options, consumer });
    this.#throwFault(entry);
  }

  /** Writes what is pending, after any write under way: two at once would compare with each other's values. */
  flush(options: FlushOptions = {}): Promise<void> {
    const turn = this.#writing.then(() => this.#write(options));
    this.#writing = turn.catch(() => undefined);
    const { signal, timeoutMs } = options;
    return withTimeLimit(turn, { signal, timeoutMs, what: `the cursors of ${this.#source.table} to be written` });
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.flush();
  }

  #checkCursor(cursor: string): void {
    const { cursorType } = this.#source.config;
    castCursor(cursorType, cursor);
    if (cursor !== "") return;
    throw new ReflexError("invalid_cursor", `a cursor to be set must not be empty, found ${show(cursor)}`);
  }

  /** Read once per consumer; a failed read is not kept. */
  #entry(consumer: string, options: CallOptions): Promise<Entry> {
    const known = this.#entries.get(consumer);
    if (known !== undefined) return known;
    const { signal, timeoutMs } = options;
    const read = this.#source.writer
      .read(consumer, { signal, timeoutMs })
      .then((stored): Entry => ({ stored, pending: undefined, fault: undefined }));
    this.#entries.set(consumer, read);
    read.catch(() => {
      if (this.#entries.get(consumer) === read) this.#entries.delete(consumer);
    });
    return read;
  }

  async #write({ consumer, signal, timeoutMs }: FlushOptions): Promise<void> {
    const { writer, reporting, table } = this.#source;
    const due = [...this.#dirty].filter(([name]) => consumer === undefined || name === consumer);
    const writes = due.flatMap(([name, { stored, pending }]) =>
      pending === undefined ? [] : [{ consumer: name, from: stored?.cursor, to: pending.cursor, pending }],
    );
    if (writes.length === 0) return;
    const startedAt = performance.now();
    const outcomes = await writer.write(writes, { signal, timeoutMs });
    for (const { consumer: name, pending } of writes) this.#settle(name, pending, outcomes.get(name));
    reporting.tell("flush", { table, cursors: writes.length, durationMs: performance.now() - startedAt });
  }

  #settle(consumer: string, wrote: StoredCursor, outcome: WriteOutcome | undefined): void {
    const entry = this.#dirty.get(consumer);
    if (entry === undefined || outcome === undefined) return;
    if (outcome.written) {
      entry.stored = wrote;
      this.#tellWritten(consumer, wrote.cursor);
    } else {
      // Theirs is kept. What is pending builds on a place that the cursor has left.
      entry.stored = outcome.found;
      const existing = outcome.found ?? { cursor: "", time: "" };
      const reason = outcome.found === undefined ? "someone removed it" : "someone else moved it";
      entry.fault = this.#notAdvanced({ consumer, cursor: wrote.cursor, existing, reason });
    }
    if (entry.pending !== wrote && outcome.written) return;
    entry.pending = undefined;
    this.#dirty.delete(consumer);
  }

  #tellWritten(consumer: string, cursor: string): void {
    try {
      this.#source.config.onSetCursor?.({ consumer, cursor });
    } catch (error) {
      this.#source.reporting.error({ activity: "onSetCursor", name: this.#source.table, error });
    }
  }

  #flushLater(): void {
    if (this.#cancelTimer !== undefined) return;
    const { asyncPeriodMs, sleep } = this.#source.config;
    flushBeforeExit(this);
    const fire = (): void => {
      this.#cancelTimer = undefined;
      this.flush().catch((error: unknown) => this.#retryLater(error));
    };
    if (sleep === undefined) {
      this.#cancelTimer = startTimer(asyncPeriodMs, fire, { keepAlive: false });
      return;
    }
    let cancelled = false;
    this.#cancelTimer = () => {
      cancelled = true;
    };
    void sleep(asyncPeriodMs).then(() => (cancelled ? undefined : fire()));
  }

  #retryLater(error: unknown): void {
    const { table, reporting, config } = this.#source;
    reporting.error({ activity: "flush", name: table, error, retryInMs: config.asyncPeriodMs });
    this.#flushLater();
  }

  #throwFault(entry: Entry): void {
    const { fault } = entry;
    entry.fault = undefined;
    if (fault !== undefined) throw fault;
  }

  #notAdvanced(what: { consumer: string; cursor: string; existing: StoredCursor; reason: string }): ReflexError {
    const { consumer, cursor, existing, reason } = what;
    const found = existing.cursor === "" ? "none" : `${existing.cursor} of ${existing.time}`;
    return new ReflexError(
      "cursor_not_advanced",
      `the cursor of ${consumer} can't be set to ${cursor}: ${reason}, found ${found}; run each consumer name in one place at a time`,
      {
        details: {
          table: this.#source.table,
          consumer,
          cursor,
          existing: existing.cursor,
          existingTime: existing.time,
        },
      },
    );
  }
}
