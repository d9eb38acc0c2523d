import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { toEvent } from "../event-row.ts";
import type { StreamWatcher } from "../notifier.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import { isRetryable } from "../table-error.ts";
import type { Feed, Page } from "./feed.ts";
import { headStart } from "./head-start.ts";
import { PageReader, type PageReaderSource } from "./page-reader.ts";
import { type Passed, passRows } from "./pass-rows.ts";
import { StallWatch } from "./stall-watch.ts";
import { WakeUp } from "./wake-up.ts";

export interface PageFeedSource extends PageReaderSource {
  readonly schemaCheck: SchemaCheck;
  readonly watcher: StreamWatcher;
  readonly after: bigint;
  readonly fromHead: boolean;
  readonly toHead: boolean;
  /** Aborted when the stream ends, for whatever reason. */
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;

/** Pages straight from the table, by reads of the one stream that it serves. */
export class PageFeed<T extends number> implements Feed<T> {
  readonly #source: PageFeedSource;
  readonly #reader: PageReader;
  readonly #wakeUp: WakeUp;
  readonly #stall: StallWatch;
  #position: bigint;
  #target: bigint | undefined;
  /** Ids that were committed before a stream from the head was opened. */
  #leaveOut: ReadonlySet<bigint> = new Set();
  #atHole = false;

  constructor(source: PageFeedSource) {
    this.#source = source;
    this.#reader = new PageReader(source);
    this.#wakeUp = new WakeUp(source.watcher, source.config);
    this.#stall = new StallWatch(source.table, source.reporting);
    this.#position = source.after;
  }

  async start(): Promise<string> {
    const { schemaCheck, database, config, fromHead, toHead, signal } = this.#source;
    const limits = { signal, timeoutMs: config.statementTimeoutMs, acquireTimeoutMs: config.acquireTimeoutMs };
    await schemaCheck.pass(database, limits);
    if (fromHead) await this.#startFromHead();
    if (toHead) this.#target = await this.#unlessEnded(this.#reader.readHead());
    return String(this.#position);
  }

  async next(): Promise<Page<T> | undefined> {
    for (;;) {
      if (this.#target !== undefined && this.#position >= this.#target) return undefined;
      this.#wakeUp.arm();
      const passed = await this.#retried(() => this.#read());
      if (passed.error !== undefined) throw passed.error;
      if (passed.position !== this.#position) return this.#advance(passed);
      await this.#wait(passed);
    }
  }

  /** The server's clock, in ms since 1970. */
  readClock(): Promise<number> {
    return this.#retried(() => this.#unlessEnded(this.#reader.readClock()));
  }

  close(): void {
    this.#wakeUp.close();
    this.#reader.close();
  }

  async #startFromHead(): Promise<void> {
    const { dialect } = this.#source.database;
    if (!dialect.holesCanClose) {
      this.#position = await this.#unlessEnded(this.#reader.readHead());
      return;
    }
    const { after, committed } = headStart(await this.#unlessEnded(this.#reader.readRecentIds()));
    this.#position = after;
    this.#leaveOut = committed;
  }

  async #read(): Promise<Passed<T>> {
    const { config, database } = this.#source;
    // At a hole only the row that closes it matters; reading a whole page again at each poll would be thrown away.
    const limit = this.#atHole ? 1 : config.limit;
    const rows = await this.#unlessEnded(this.#reader.read(String(this.#position), limit));
    return passRows<T>(rows, {
      table: this.#source.table,
      config,
      after: this.#position,
      target: this.#target,
      leaveOut: this.#leaveOut,
      holesCanClose: database.dialect.holesCanClose,
      toEvent,
    });
  }

  #advance(passed: Passed<T>): Page<T> {
    const { table, reporting } = this.#source;
    this.#position = passed.position;
    this.#atHole = false;
    this.#wakeUp.advanced();
    this.#stall.advanced();
    const page = { events: passed.events, position: String(passed.position) };
    if (reporting.wants("page")) reporting.tell("page", { table, events: page.events.length, position: page.position });
    return page;
  }

  async #wait({ hole }: Passed<T>): Promise<void> {
    this.#atHole = hole !== undefined;
    if (hole === undefined) return this.#wakeUp.atHead(this.#source.signal);
    this.#stall.blocked(hole);
    return this.#wakeUp.atHole(this.#source.signal);
  }

  /** Tries again after errors that pass, such as a lost connection, for as long as the stream lives. */
  async #retried<R>(work: () => Promise<R>): Promise<R> {
    const { reporting, table, signal } = this.#source;
    for (let retryInMs = FIRST_RETRY_MS; ; retryInMs = Math.min(retryInMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted || !isRetryable(error)) throw error;
        reporting.error({ activity: "stream", name: table, error, retryInMs });
        await sleep(retryInMs, { signal });
      }
    }
  }

  /** The read is shared in a way: its connection serves other streams, so the end of this one must not break it. */
  #unlessEnded<R>(read: Promise<R>): Promise<R> {
    return withTimeLimit(read, { signal: this.#source.signal, what: "a read" });
  }
}
