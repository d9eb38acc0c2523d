import { Mutex } from "../../waiting/mutex.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { CallUnderWay } from "../calls-under-way.ts";
import type { Database, Session } from "../database.ts";
import { BorrowedSession, type BorrowOptions, mayHaveBroken } from "./borrowed-session.ts";

export interface LingeringSessionOptions extends BorrowOptions {
  readonly database: Database;
}

// How long a session waits for its next use. Gaps come several at a time, and to open a connection for each would take
// longer than to close the gap.
export const LINGER_MS = 1000;
// A pool of this size or smaller is a small one: the user's own queries need its connections sooner than the next gap
// does.
const SMALL_POOL = 5;
const LINGER_IN_SMALL_POOL_MS = 50;
// How many sessions of one database may wait for their next use. More would keep the pool's connections from others.
const MOST_LINGERING = 2;
const lingering = new WeakMap<object, Set<LingeringSession>>();

/**
 * A connection that is taken when it is first needed, used by one at a time, and given back soon after its last use.
 */
export class LingeringSession {
  readonly #options: LingeringSessionOptions;
  readonly #mutex = new Mutex();
  /** The sessions of this database that wait for their next use. */
  readonly #others: Set<LingeringSession>;
  #held: BorrowedSession | undefined;
  #cancelLinger: (() => void) | undefined;

  constructor(options: LingeringSessionOptions) {
    this.#options = options;
    const { identity } = options.database;
    this.#others = lingering.get(identity) ?? new Set();
    lingering.set(identity, this.#others);
  }

  /** Whether someone waits for the session while another uses it. */
  get contended(): boolean {
    return this.#mutex.contended;
  }

  /** Takes the connection ahead of time, so that {@link use} finds it ready. If that fails, {@link use} fails. */
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

  /** What is under way on its connection since before this time: its opening, or statements. */
  callsBefore(timeMs: number): CallUnderWay[] {
    return this.#held?.callsBefore(timeMs) ?? [];
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
    // Someone uses the session now: the wait for its next use begins after that.
    if (this.#mutex.held) return;
    this.#stay();
    this.#cancelLinger = startTimer(this.#lingerMs, () => this.close(), { keepAlive: false });
    this.#others.add(this);
    const [oldest] = this.#others;
    if (this.#others.size > MOST_LINGERING) oldest?.close();
  }

  /** Ends the wait for the next use. */
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
