import type { ReflexError } from "../../errors/reflex-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { isolated } from "../../waiting/isolated.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { type CursorEntry, notAdvanced, type PendingCursor, setStored } from "./cursor-entry.ts";
import type { StoredCursor } from "./cursor-rows.ts";
import { castCursor } from "./cursor-type.ts";
import type { CursorWriter, WriteOutcome } from "./cursor-writer.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

export interface CursorFlushTarget {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly writer: CursorWriter;
  readonly reporting: Reporting;
  /** Called when an entry has nothing left to be written. */
  clean(entry: CursorEntry): void;
  /** Called when what was pending in an entry can't be written any more. */
  lost(entry: CursorEntry, error: ReflexError): void;
}

interface EntryWrite {
  readonly entry: CursorEntry;
  readonly to: PendingCursor;
}

/**
 * Writes what is pending in these entries. Each entry that can be written is, and learns what became of it. Then the
 * first failure is thrown. Entries that failed keep what is pending.
 */
export async function writeEntries(
  entries: readonly CursorEntry[],
  options: CallOptions,
  target: CursorFlushTarget,
): Promise<void> {
  const due = entries.flatMap((entry) => (entry.pending === undefined ? [] : [{ entry, to: entry.pending }]));
  if (due.length === 0) return;
  const flush = new CursorFlush(due, target);
  await flush.write(options);
  await writeEntries(flush.again, options, target);
  if (flush.failures.length > 0) throw flush.failures[0];
}

class CursorFlush {
  /**
   * Entries that were moved by an earlier write of this process, as the table shows only now. They are written anew
   * from there.
   */
  readonly again: CursorEntry[] = [];
  readonly failures: unknown[] = [];
  readonly #target: CursorFlushTarget;
  readonly #left: Map<string, EntryWrite>;
  #written = 0;

  constructor(due: readonly EntryWrite[], target: CursorFlushTarget) {
    this.#target = target;
    this.#left = new Map(due.map((write) => [write.entry.consumer, write]));
  }

  async write(options: CallOptions): Promise<void> {
    const { writer, reporting, table } = this.#target;
    const writes = [...this.#left].map(([consumer, { entry, to }]) => {
      return { consumer, from: entry.stored?.cursor, to: to.cursor, position: to.position };
    });
    const startedAt = performance.now();
    try {
      await writer.write(writes, options, (consumer, outcome) => this.#settle(consumer, outcome));
    } finally {
      const cursors = this.#written;
      if (cursors > 0) reporting.tell("flush", { table, cursors, durationMs: performance.now() - startedAt });
    }
  }

  #settle(consumer: string, outcome: WriteOutcome): void {
    const write = this.#left.get(consumer);
    this.#left.delete(consumer);
    if (write === undefined) return;
    switch (outcome.result) {
      case "written":
        return this.#settleWritten(write);
      case "kept":
        return this.#settleKept(write, outcome.found);
      case "refused":
        // The cursor is read again before the next one is set, so that the next one is refused at once.
        write.entry.known = false;
        return this.#settleFault(write, outcome.error);
      case "unanswered":
        write.entry.unanswered.add(this.#place(write.to));
        return;
      case "failed":
        this.failures.push(outcome.error);
    }
  }

  #settleWritten({ entry, to }: EntryWrite): void {
    this.#written += 1;
    setStored(entry, to);
    if (entry.pending === to) this.#target.clean(entry);
    this.#tellWritten(entry.consumer, to.cursor);
  }

  /** Someone else's cursor is kept. What is pending builds on a place that the cursor has left. */
  #settleKept(write: EntryWrite, found: StoredCursor | undefined): void {
    const { entry, to } = write;
    const ours = found !== undefined && entry.unanswered.has(this.#place(found));
    setStored(entry, found);
    if (ours) {
      this.again.push(entry);
      return;
    }
    const { table } = this.#target;
    const reason = found === undefined ? "someone removed it" : "someone else moved it";
    const conflict = { table, consumer: entry.consumer, cursor: to.cursor, existing: found, reason };
    this.#settleFault(write, notAdvanced(conflict));
  }

  #settleFault({ entry }: EntryWrite, error: CursorEntry["fault"]): void {
    const { table, config, reporting } = this.#target;
    entry.fault = error;
    this.#target.clean(entry);
    if (error !== undefined) this.#target.lost(entry, error);
    // The fault is reported as well, since the consumer may never set another cursor.
    if (config.asyncPeriodMs > 0) reporting.error({ activity: "flush", name: table, error });
  }

  #place({ cursor }: StoredCursor): string {
    return String(castCursor(this.#target.config.cursorType, cursor));
  }

  #tellWritten(consumer: string, cursor: string): void {
    const { config, reporting, table } = this.#target;
    isolated(
      () => config.onSetCursor?.({ consumer, cursor }),
      (error) => reporting.error({ activity: "onSetCursor", name: table, error }),
    );
  }
}
