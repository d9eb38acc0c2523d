import { Mutex } from "../../waiting/mutex.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { Database, Session } from "../database.ts";
import { BorrowedSession, type BorrowOptions, mayHaveBroken } from "./borrowed-session.ts";

export interface LingeringSessionOptions extends BorrowOptions {
  readonly database: Database;
}

// Gaps come in flocks; opening a connection for each would take longer than closing it.
const LINGER_MS = 1000;
// Of a small pool the user's own queries need the connection sooner than the next gap does.
const SMALL_POOL = 5;
const LINGER_IN_SMALL_POOL_MS = 50;
// What waits for the next gap must not keep the pool's connections from others: of each database only so many do.
const MOST_LINGERING = 2;
const lingering = new WeakMap<object, Set<LingeringSession>>();

/** A connection that is taken when first needed, used by one at a time, and given up soon after the last use. */
export class LingeringSession {
  readonly #options: LingeringSessionOptions;
  readonly #mutex = new Mutex();
  /** Those of this database that linger. */
  readonly #others: Set<LingeringSession>;
  #held: BorrowedSession | undefined;
  #cancelLinger: (() => void) | undefined;

  constructor(options: LingeringSessionOptions) {
    this.#options = options;
    const { identity } = options.database;
    this.#others = lingering.get(identity) ?? new Set();
    lingering.set(identity, this.#others);
  }

  /** Whether someone else waits for it. */
  get contended(): boolean {
    return this.#mutex.contended;
  }

  /** Takes the connection already, so that {@link use} finds it ready. Its failure shows there. */
  warmUp(): void {
    this.#open().opened.catch(() => undefined);
    this.#linger();
  }

  async use<R>(work: (session: Session) => Promise<R>): Promise<R> {
    try {
      return await this.#mutex.run(() => this.#use(work));
    } finally {
      this.#linger();
    }
  }

  close(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#stay();
    held?.giveBack();
  }

  async #use<R>(work: (session: Session) => Promise<R>): Promise<R> {
    this.#stay();
    try {
      return await work(await this.#open().opened);
    } catch (error) {
      if (mayHaveBroken(error)) this.close();
      throw error;
    }
  }

  get #lingerMs(): number {
    const { poolSize = Number.POSITIVE_INFINITY } = this.#options.database;
    return poolSize <= SMALL_POOL ? LINGER_IN_SMALL_POOL_MS : LINGER_MS;
  }

  #linger(): void {
    // Warmed up by one while another uses it: it lingers after that.
    if (this.#mutex.held) return;
    this.#stay();
    this.#cancelLinger = startTimer(this.#lingerMs, () => this.close(), { keepAlive: false });
    this.#others.add(this);
    const [oldest] = this.#others;
    if (this.#others.size > MOST_LINGERING) oldest?.close();
  }

  /** Lingers no more. */
  #stay(): void {
    this.#cancelLinger?.();
    this.#others.delete(this);
  }

  #open(): BorrowedSession {
    if (this.#held !== undefined) return this.#held;
    const { database, ...options } = this.#options;
    const borrowed = new BorrowedSession(database, options);
    this.#held = borrowed;
    borrowed.opened.catch(() => {
      if (this.#held === borrowed) this.#held = undefined;
    });
    return borrowed;
  }
}
