import type { Database } from "../../database/database.ts";
import {
  type ReadOptions,
  type SharedSession,
  SUBJECT_OF_ALL,
  shareSession,
} from "../../database/sessions/shared-session.ts";
import { slowCalls } from "../../database/sessions/slow-calls.ts";
import { startTimer } from "../../waiting/timer.ts";
import { CommitHints } from "./commit-hints.ts";
import { HeadLook, type LookResult, type PolledHead } from "./head-look.ts";

type Limits = Pick<ReadOptions, "acquireTimeoutMs" | "statementTimeoutMs">;

/** A table whose head someone waits at. */
export interface WatchedHead {
  readonly table: PolledHead;
  /** The id beyond which events wake. */
  readonly head: bigint;
  readonly limits: Limits;
  /** Whether to listen for the server's commits, if it tells of them. */
  readonly gtid: boolean;
  /**
   * How long to wait until the next look, in ms. `heard` tells that the server tells of commits, so that the look is
   * only to make sure.
   */
  intervalMs(heard: boolean): number;
  /** Called when there is a row beyond `head`, when the rows up to it are gone, and when the server does not say. */
  wake(): void;
  /** Called when the look failed. A poll then finds out why. */
  failed(error: unknown): void;
}

// How long the same highest id wakes no stream again. A poll that found nothing there at once would find nothing now:
// the row may lie above a gap.
const SAME_VALUE_MS = 50;
const AFTER_ERROR_MS = 250;
// A look that takes so long wakes the streams, and again each time that it has taken as long once more: a lock on one table holds
// up the look at all. The polls of that table take long too then, and say why.
const LATE_MS = 400;
const LATE_A_QUESTION = 5;
const SOON_MS = 5;

const pollers = new WeakMap<object, HeadPoller>();

/** The poller of all heads in this database. */
export function headPoller(database: Database): HeadPoller {
  let poller = pollers.get(database.identity);
  if (poller === undefined) {
    poller = new HeadPoller(database);
    pollers.set(database.identity, poller);
  }
  return poller;
}

/**
 * Looks at the heads at which streams of a database wait, as long as any of them does. It looks on time, and at once
 * where the server tells of a commit.
 */
export class HeadPoller {
  readonly #database: Database;
  readonly #looks: HeadLook;
  readonly #hints: CommitHints;
  readonly #watched = new Set<WatchedHead>();
  readonly #woken = new WeakMap<WatchedHead, { value: bigint; at: number }>();
  readonly #lookedSoon = new WeakMap<PolledHead, bigint>();
  #session: SharedSession | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueAt = 0;
  #looking: Promise<LookResult> | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#looks = new HeadLook(database);
    this.#hints = new CommitHints({
      database,
      ask: async (sql) => (await this.#session?.rows<never>(sql, [], this.#limits))?.rows ?? [],
      look: () => this.#lookAfterCommit(),
    });
  }

  /** Includes a table in looks, until {@link leave}. */
  join(table: string, idField: string): PolledHead {
    this.#session ??= shareSession(this.#database);
    return this.#looks.add(table, idField);
  }

  leave(table: PolledHead): void {
    this.#looks.remove(table);
    if (!this.#looks.empty) return;
    this.#hints.close();
    this.#cancel();
    this.#session?.close();
    this.#session = undefined;
  }

  /** Watches the head until the function that it returns is called. */
  watch(head: WatchedHead): () => void {
    this.#watched.add(head);
    if (head.gtid) this.#hints.arrive();
    this.reschedule();
    this.#lookSoon(head);
    return () => {
      if (!this.#watched.delete(head)) return;
      if (head.gtid) this.#hints.depart();
      if (this.#watched.size === 0) this.#cancel();
    };
  }

  /**
   * Asks for the intervals anew, when one has become shorter. A look that is due sooner stays: no look is ever put off.
   */
  reschedule(): void {
    if (this.#watched.size === 0) return;
    const heard = this.#hints.reliable;
    this.#lookBy(performance.now() + Math.min(...[...this.#watched].map((head) => head.intervalMs(heard))));
  }

  /**
   * Looks soon when a look that was made while this stream's poll was under way has found what the poll did not:
   * nothing would tell of it again.
   */
  #lookSoon(watched: WatchedHead): void {
    const { table, head } = watched;
    const { highest, fell } = table;
    if (highest === undefined || highest === head || this.#lookedSoon.get(table) === highest) return;
    if (highest < head && !fell) return;
    this.#lookedSoon.set(table, highest);
    if (highest < head) return watched.wake();
    this.#lookBy(performance.now() + SOON_MS);
  }

  #lookBy(dueAt: number): void {
    if (this.#looking !== undefined) return;
    if (this.#cancelTimer === undefined || dueAt < this.#dueAt) this.#lookAt(dueAt);
  }

  #lookAt(dueAt: number): void {
    this.#cancelTimer?.();
    this.#dueAt = dueAt;
    // This timer does not keep the process alive. A stream that waits at the head has a timer of its own that does.
    this.#cancelTimer = startTimer(dueAt - performance.now(), () => void this.#lookOnTime(), { keepAlive: false });
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  get #limits(): ReadOptions {
    const [first] = this.#watched;
    const { acquireTimeoutMs, statementTimeoutMs } = first?.limits ?? {};
    return { subject: SUBJECT_OF_ALL, acquireTimeoutMs, statementTimeoutMs };
  }

  async #lookOnTime(): Promise<void> {
    const looked = await this.#look();
    if (looked?.moved !== true) return;
    this.#hints.missedCommit(looked.since);
    this.reschedule();
  }

  /**
   * Looks at the heads after a commit. Resolves with whether one has moved, or with undefined if nobody waits at one.
   */
  async #lookAfterCommit(): Promise<boolean | undefined> {
    // A look that is under way may read what is older than the commit.
    while (this.#looking !== undefined) await this.#looking;
    return (await this.#look())?.moved;
  }

  async #look(): Promise<LookResult | undefined> {
    const heads = [...this.#watched];
    if (heads.length === 0 || this.#session === undefined) return undefined;
    this.#cancel();
    let pauseMs = 0;
    const endLate = this.#whileLate(this.#session);
    this.#looking = this.#looks.look(this.#session, this.#limits).then(
      (result) => {
        for (const head of heads) this.#compare(head);
        return result;
      },
      (error: unknown) => {
        for (const head of heads) if (this.#watched.has(head)) head.failed(error);
        pauseMs = AFTER_ERROR_MS;
        return { moved: false, since: 0 };
      },
    );
    const result = await this.#looking;
    endLate();
    this.#looking = undefined;
    if (pauseMs > 0 && this.#watched.size > 0) this.#lookAt(performance.now() + pauseMs);
    else this.reschedule();
    return result;
  }

  /** Wakes the streams as long as a look is late. Returns a function that ends that. */
  #whileLate(session: SharedSession): () => void {
    let late = 0;
    const timer = setInterval(() => {
      late++;
      slowCalls(this.#database).note();
      for (const head of this.#watched) head.wake();
      // Nobody else would find out that the answer to the look was lost, and have its connection closed.
      if (late % LATE_A_QUESTION === 0) void session.whySlow(SUBJECT_OF_ALL);
    }, LATE_MS).unref();
    return () => clearInterval(timer);
  }

  /** Wakes the stream if there is a row beyond its head, or if the rows at its head are gone. */
  #compare(head: WatchedHead): void {
    const value = head.table.highest ?? 0n;
    if (!this.#watched.has(head) || !(value > head.head || (head.table.fell && value < head.head))) return;
    const last = this.#woken.get(head);
    const now = performance.now();
    if (last?.value === value && now - last.at < SAME_VALUE_MS) return;
    this.#woken.set(head, { value, at: now });
    head.wake();
  }
}
