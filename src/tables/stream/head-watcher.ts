import type { Database } from "../../database/database.ts";
import { startTimer } from "../../waiting/timer.ts";
import { type ReadOptions, type SharedSession, shareSession } from "./shared-session.ts";

/** A table whose head someone waits at. */
export interface WatchedHead {
  readonly table: string;
  readonly idField: string;
  /** Events beyond this id wake. */
  readonly head: bigint;
  readonly limits: ReadOptions;
  /** How long until the next look, in ms. */
  intervalMs(): number;
  /** Called when there is a row beyond `head`. */
  wake(): void;
  /** Called when the look failed; a poll is to find out why. */
  failed(error: unknown): void;
}

// What a wake-up did not find at once it will not find at once again: the row may lie above a hole.
const SAME_VALUE_MS = 50;
const AFTER_ERROR_MS = 250;

const watchers = new WeakMap<object, HeadWatcher>();

/** The watcher of all heads in this database. */
export function headWatcher(database: Database): HeadWatcher {
  let watcher = watchers.get(database.identity);
  if (watcher === undefined) {
    watcher = new HeadWatcher(database);
    watchers.set(database.identity, watcher);
  }
  return watcher;
}

/** Looks at the heads of all tables at which streams wait, in one statement, for as long as any does. */
export class HeadWatcher {
  readonly #database: Database;
  readonly #watched = new Set<WatchedHead>();
  readonly #woken = new WeakMap<WatchedHead, { value: bigint; at: number }>();
  #session: SharedSession | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueAt = 0;
  #looking = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Watches until the function that it returns is called. */
  watch(head: WatchedHead): () => void {
    this.#watched.add(head);
    this.#session ??= shareSession(this.#database);
    this.reschedule();
    return () => {
      this.#watched.delete(head);
      if (this.#watched.size === 0) this.#rest();
    };
  }

  /** Takes the intervals anew, when one has become shorter. A look that is due sooner stays: it is never put off. */
  reschedule(): void {
    if (this.#looking || this.#watched.size === 0) return;
    const dueAt = performance.now() + Math.min(...[...this.#watched].map((head) => head.intervalMs()));
    if (this.#cancelTimer === undefined || dueAt < this.#dueAt) this.#lookAt(dueAt);
  }

  #lookAt(dueAt: number): void {
    this.#cancelTimer?.();
    this.#dueAt = dueAt;
    // Whoever waits at the head has a timer of their own that keeps the process alive.
    this.#cancelTimer = startTimer(dueAt - performance.now(), () => void this.#look(), { keepAlive: false });
  }

  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#session?.close();
    this.#session = undefined;
  }

  async #look(): Promise<void> {
    this.#cancelTimer = undefined;
    const heads = [...this.#watched];
    const [first] = heads;
    if (first === undefined || this.#session === undefined) return;
    this.#looking = true;
    let pauseMs = 0;
    try {
      const { rows } = await this.#session.rows<Record<string, string | null>>(this.#text(heads), [], first.limits);
      for (const [index, head] of heads.entries()) this.#compare(head, rows[0]?.[`head_${index}`]);
    } catch (error) {
      for (const head of heads) if (this.#watched.has(head)) head.failed(error);
      pauseMs = AFTER_ERROR_MS;
    }
    this.#looking = false;
    if (pauseMs === 0) this.reschedule();
    else if (this.#watched.size > 0) this.#lookAt(performance.now() + pauseMs);
  }

  #compare(head: WatchedHead, found: string | null | undefined): void {
    const value = BigInt(found ?? 0);
    if (!this.#watched.has(head) || value <= head.head) return;
    const last = this.#woken.get(head);
    const now = performance.now();
    if (last?.value === value && now - last.at < SAME_VALUE_MS) return;
    this.#woken.set(head, { value, at: now });
    head.wake();
  }

  #text(heads: readonly WatchedHead[]): string {
    const { dialect } = this.#database;
    const maxima = heads.map(({ table, idField }, index) => {
      const maximum = dialect.asText(`max(t.${dialect.quote(idField)})`);
      return `(select ${maximum} from ${dialect.quote(table)} as t) as head_${index}`;
    });
    return `select ${maxima.join(", ")}`;
  }
}
