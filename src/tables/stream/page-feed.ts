import { sessionsReturned } from "../../database/sessions/borrowed-session.ts";
import { slowCalls } from "../../database/sessions/slow-calls.ts";
import { isReflexError } from "../../errors/reflex-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { withoutValues } from "../events/event-row.ts";
import type { Batch, UnreadRest } from "../pages/batch.ts";
import { eventMemory, type HeldValues } from "../pages/event-memory.ts";
import { isUnconfirmed, type Position } from "../position/position.ts";
import { MemoryWait } from "../reader/memory-wait.ts";
import { retried, unlessEnded } from "../reader/reads.ts";
import type { StreamPosition } from "../reader/shared-cache.ts";
import { StallWatch } from "../reader/stall-watch.ts";
import type { TableReader } from "../reader/table-reader.ts";
import type { Feed, FeedSource, Page } from "./feed.ts";
import { passEvents } from "./pass-events.ts";
import type { LentReader } from "./shared-readers.ts";
import { type Start, startOf } from "./start.ts";

const nothing: ReadonlySet<bigint> = new Set();

/** The pages of one stream, from the reader that it shares or has of its own. */
export class PageFeed<T extends number> implements Feed<T> {
  readonly #source: FeedSource;
  #lent: LentReader | undefined;
  readonly #streamPosition: StreamPosition;
  readonly #memory: MemoryWait;
  #position: Position;
  #start: Start | undefined;
  /** What follows a full page, asked for before that page was consumed. */
  #ahead: Promise<Batch> | undefined;
  /** What was read with the last page's events of what follows them. */
  #rest: UnreadRest | undefined;
  /** The long values of the page that was handed over last. */
  #held: HeldValues | undefined;
  #catchesUp = false;
  #closed = false;

  constructor(source: FeedSource) {
    this.#source = source;
    const { after } = source.bounds;
    this.#position = { id: after, anchor: undefined };
    this.#streamPosition = { position: after };
    this.#memory = new MemoryWait({ table: source.table, reporting: source.reporting, memory: eventMemory });
  }

  get anchor(): ReflexEvent<T> | undefined {
    // The option `types` is the user's promise about the table.
    return this.#start?.position.anchor as ReflexEvent<T> | undefined;
  }

  async start(): Promise<string> {
    const stall = this.#stallWatch();
    // It may have much to read.
    this.#noteWhether(true);
    try {
      const start = await stall.during(this.#open(), () => this.whySlow());
      stall.resolved();
      return start;
    } finally {
      stall.stop();
    }
  }

  async #open(): Promise<string> {
    const { schemaCheck, database, config, signal } = this.#source;
    const limits = { signal, timeoutMs: config.statementTimeoutMs, acquireTimeoutMs: config.acquireTimeoutMs };
    const description = await schemaCheck.pass(database, limits);
    // A feed that was closed meanwhile would never give back what it opens now.
    signal.throwIfAborted();
    this.#lent = this.#source.lendReader(description);
    const { reader } = this.#lent;
    reader.positions.join(this.#streamPosition);
    this.#start = await withTimeLimit(startOf(reader, this.#source), { signal, what: "the first read" });
    this.#moveTo(this.#start.position);
    return String(this.#position.id);
  }

  async next(): Promise<Page<T> | undefined> {
    // Whoever asks for the next page is done with the last one.
    this.#hold(undefined);
    for (;;) {
      const { target, leaveOut = nothing } = this.#start ?? {};
      if (target !== undefined && this.#position.id >= target) {
        // A position beyond the head is of no row of this table: it was truncated, unless all its rows were pruned. One at
        // the head whose row is not the expected one would be passed by in silence.
        if (this.#position.id > target || isUnconfirmed(this.#position)) {
          await this.#openReader().check(this.#position, this.#source.signal);
        }
        return undefined;
      }
      const batch = await this.#following();
      this.#hold(batch.held);
      this.#noteWhether(batch.full);
      this.#askAhead(batch, target);
      // The events are made only now, while the server reads the next page.
      this.#openReader().keep(this.#position, batch, this.#streamPosition);
      const { table, config } = this.#source;
      const passed = passEvents<T>(batch.events, { table, config, target, leaveOut });
      batch.letGo?.();
      if (passed.error !== undefined) throw passed.error;
      // The row with the target's id may be missing for good, on SQLite.
      if (passed.last === undefined) return undefined;
      this.#moveTo({ id: BigInt(passed.last.id), anchor: withoutValues(passed.last) });
      if (passed.last.id !== batch.last?.id) this.#forgetAhead();
      return this.#page(passed.events, passed.last.id);
    }
  }

  /** The server's clock, in ms since 1970. */
  async readClock(): Promise<number> {
    const { pages } = this.#openReader();
    const { signal, reporting, table } = this.#source;
    const read = (): Promise<number> => unlessEnded(pages.readClockMicros(), signal);
    const stall = this.#stallWatch();
    const watched = (): Promise<number> => stall.during(read(), () => pages.whySlow());
    try {
      const clockMicros = await retried(watched, { signal, reporting, table, stall });
      stall.resolved();
      return clockMicros / 1000;
    } finally {
      stall.stop();
    }
  }

  /** Why what is under way for this stream takes long; undefined if nothing is in its way. */
  async whySlow(): Promise<WaitCause | undefined> {
    // Without a reader it is at the check of the table, which is made on any connection.
    return this.#lent?.reader.whySlow(this.#position) ?? slowCalls(this.#source.database).whyOfOthers();
  }

  #stallWatch(): StallWatch {
    const { table, reporting } = this.#source;
    return new StallWatch({ table, reporting, prev: this.#position.id });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#memory.stop();
    this.#hold(undefined);
    this.#noteWhether(false);
    this.#forgetAhead();
    if (this.#lent === undefined) return;
    this.#lent.reader.positions.leave(this.#streamPosition);
    this.#lent.giveBack();
    this.#lent = undefined;
    await sessionsReturned();
  }

  #moveTo(position: Position): void {
    this.#position = position;
    this.#streamPosition.position = position.id;
  }

  async #following(): Promise<Batch> {
    const reader = this.#openReader();
    const { signal } = this.#source;
    const memory = this.#memory;
    const [ahead, rest] = [this.#ahead, this.#rest];
    [this.#ahead, this.#rest] = [undefined, undefined];
    try {
      const batch = await (ahead ?? reader.next({ position: this.#position, memory, rest }, signal));
      // It was read on a connection that is gone since: what it showed may have been undone.
      // variant place: a page of a connection that is gone
      if (ahead !== undefined && batch.epoch !== reader.pages.epoch) {
        batch.held?.release();
        return await reader.next({ position: this.#position, memory }, signal);
      }
      return batch;
    } catch (error) {
      if (!this.#skipPruned(error)) throw error;
      return this.#following();
    }
  }

  #askAhead({ full, last, rest, held }: Batch, target: bigint | undefined): void {
    if (!full || last === undefined || (target !== undefined && BigInt(last.id) >= target)) return;
    this.#rest = rest;
    // Long values are not read before they are needed where that would keep other streams waiting.
    // What follows a page of long values is likely to be long too.
    if ((rest !== undefined || held !== undefined) && eventMemory.scarce) return;
    const position = { id: BigInt(last.id), anchor: last };
    this.#rest = undefined;
    this.#ahead = this.#openReader().next({ position, memory: this.#memory, rest }, this.#source.signal);
    this.#ahead.catch(() => undefined);
  }

  #forgetAhead(): void {
    this.#ahead?.then(
      ({ held }) => held?.release(),
      () => undefined,
    );
    [this.#ahead, this.#rest] = [undefined, undefined];
  }

  /** From now on the stream holds these values, and no longer those that it held. */
  #hold(held: HeldValues | undefined): void {
    this.#held?.release();
    this.#held = held;
    // The stream was closed while it waited for them.
    if (this.#closed) this.#held?.release();
    if (this.#closed) this.#held = undefined;
  }

  /** Notes whether the stream catches up, and so shares the memory for pages. */
  #noteWhether(catchesUp: boolean): void {
    if (this.#catchesUp === (catchesUp && !this.#closed)) return;
    this.#catchesUp = !this.#catchesUp;
    if (this.#catchesUp) eventMemory.catchesUp();
    else eventMemory.caughtUp();
  }

  /** Goes on behind rows that retention deleted unread, if the user said so. */
  #skipPruned(error: unknown): boolean {
    if (this.#source.bounds.onPruned !== "skip" || !isReflexError(error, "history_pruned")) return false;
    const firstId = error.details["firstId"];
    if (firstId === undefined) return false;
    this.#source.reporting.warn(`${error.message}; going on at ${firstId}`, error.details);
    this.#moveTo({ id: BigInt(firstId) - 1n, anchor: undefined, floor: true });
    return true;
  }

  #page(events: Page<T>["events"], position: string): Page<T> {
    const { table, reporting } = this.#source;
    if (reporting.wants("page")) reporting.tell("page", { table, events: events.length, position });
    return { events, position };
  }

  #openReader(): TableReader {
    if (this.#lent === undefined) throw new Error("a feed is started before it is read");
    return this.#lent.reader;
  }
}
