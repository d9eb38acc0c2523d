import type { WaitCause } from "../../reflex/wait-cause.ts";
import { CountedRegistry } from "../../waiting/counted-registry.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { Database, Executor, Session, SqlParam } from "../database.ts";
import { BorrowedSession, mayHaveBroken } from "./borrowed-session.ts";
import { MOVED, ReadLane } from "./read-lane.ts";
import { SLOW_AFTER_MS, slowCalls } from "./slow-calls.ts";

// How long the server has to answer a question on a connection that nobody uses just now.
const FREE_ANSWER_MS = 400;
// How long a read may hold up those of other tables. A cold page takes less as a rule; only a lock or the network takes so long.
const PATIENCE_MS = 500;
// How many connections reads that are held up may keep for themselves. Beyond that, a lock holds up all.
const MOST_ASIDE = 3;

export interface ReadOptions {
  /** What is read, such as a table. A read that is held up holds up only those of the same subject. */
  readonly subject: string;
  readonly acquireTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export interface EpochRows<R> {
  readonly rows: R[];
  readonly epoch: number;
}

/** The subject of reads for all streams. No table has this name. */
export const SUBJECT_OF_ALL = "";

const sessions = new CountedRegistry<object, SharedSession>();

/**
 * The session through which all streams of this database read. The caller becomes one of its users, and closes it once
 * when done.
 */
export function shareSession(database: Database): SharedSession {
  return sessions.acquire(database.identity, () => new SharedSession(database));
}

/**
 * One connection of the pool for all streams of a database, so that a hundred streams don't empty the pool. It is taken
 * at the first read, and given back with its last user. After an error that may have broken the connection, the next
 * read takes another.
 *
 * A read that a lock holds up keeps its connection for itself, so that the reads of other tables go on: they are made on
 * another one. The first one is given back once its read has ended.
 */
export class SharedSession {
  readonly #database: Database;
  #ended = false;
  #epoch = 0;
  #lane: ReadLane | undefined;
  /** The lanes of reads that are held up, by what is read. */
  readonly #aside = new Map<string, ReadLane>();
  #cancelPatience: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * A number that grows with each connection taken. What was read in an earlier epoch may be undone by now: a server
   * that crashed can lose what it had shown.
   */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why reads of this subject take long that are under way; undefined if none does. */
  whySlow(subject: string): Promise<WaitCause | undefined> {
    const lane = this.#aside.get(subject) ?? this.#lane;
    const calls = lane?.held.callsBefore(performance.now() - SLOW_AFTER_MS) ?? [];
    return slowCalls(this.#database).why(calls);
  }

  /** Asks a question on the connection, if it is open and no read is under way on it. */
  askFree<R>(question: (session: Session, timeoutMs: number) => Promise<R>): Promise<R> | undefined {
    const lane = this.#lane;
    if (lane?.session === undefined || !lane.isFree) return undefined;
    return question(lane.session, FREE_ANSWER_MS).catch((error: unknown) => {
      if (mayHaveBroken(error)) this.#drop(lane);
      throw error;
    });
  }

  /** Called once by each user. The connections are given back with the last of them. */
  close(): void {
    if (sessions.release(this.#database.identity) === undefined) return;
    this.#ended = true;
    this.#cancelPatience?.();
    for (const lane of [this.#lane, ...this.#aside.values()]) if (lane !== undefined) this.#drop(lane);
    slowCalls(this.#database).close();
  }

  /** Runs a query. Resolves with its rows, and with the epoch of the connection that they were read through. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options: ReadOptions): Promise<EpochRows<R>> {
    const limits = { timeoutMs: options.statementTimeoutMs };
    return this.read((session) => {
      // What has no values is not prepared, which would take a round trip of its own.
      if (params.length === 0 && isSession(session)) return session.control<R>(sql, limits);
      return session.rows<R>(sql, params, limits);
    }, options);
  }

  /**
   * Runs `work` on a connection. Resolves with what it read, and with the epoch of that connection. `work` is run once more on
   * another connection where a read of another subject holds it up.
   */
  async read<R>(work: (session: Executor) => Promise<R[]>, options: ReadOptions): Promise<EpochRows<R>> {
    // A SQLite handle has no connection to lend for long. It reads through a second handle of its own anyway.
    if (this.#database.dialect.name === "sqlite") return { rows: await work(this.#database), epoch: this.#epoch };
    for (;;) {
      // Nobody would give back a connection that is taken now.
      if (this.#ended) throw new Error("a shared session is read by its users only");
      const lane = this.#aside.get(options.subject) ?? (this.#lane ??= this.#open(options));
      const rows = await this.#readOn(lane, work, options.subject);
      if (rows !== MOVED) return { rows, epoch: lane.epoch };
    }
  }

  async #readOn<R>(
    lane: ReadLane,
    work: (session: Executor) => Promise<R[]>,
    subject: string,
  ): Promise<R[] | typeof MOVED> {
    const read = lane.begin(subject);
    try {
      const rows = lane.session === undefined ? lane.held.opened.then(work) : work(lane.session);
      if (read.moved === undefined) return await rows;
      this.#plan();
      rows.catch(() => undefined);
      return await Promise.race([rows, read.moved]);
    } catch (error) {
      if (mayHaveBroken(error)) this.#drop(lane);
      throw error;
    } finally {
      lane.end(read);
      if (lane.isFree) this.#returnFrom(lane);
    }
  }

  #open(options: ReadOptions): ReadLane {
    this.#epoch++;
    const lane = new ReadLane(new BorrowedSession(this.#database, options), this.#epoch);
    lane.held.opened.then(
      () => slowCalls(this.#database).opened(lane.held),
      () => this.#drop(lane),
    );
    return lane;
  }

  /** Looks in a while whether the lane's first read still holds up others. */
  #plan(): void {
    this.#cancelPatience ??= startTimer(PATIENCE_MS, () => this.#setAside(), { keepAlive: false });
  }

  #setAside(): void {
    this.#cancelPatience = undefined;
    const lane = this.#lane;
    const others = lane?.waitingForOther() ?? [];
    if (lane?.first === undefined || others.length === 0) return;
    // A connection that is still being opened is waited for by all alike.
    if (lane.firstTookMs < PATIENCE_MS || lane.session === undefined || this.#aside.size >= MOST_ASIDE)
      return this.#plan();
    this.#aside.set(lane.first.subject, lane);
    this.#lane = undefined;
    for (const { move } of others) move();
  }

  /** The read that was held up has ended: the next one of its subject is made beside the others. */
  #returnFrom(lane: ReadLane): void {
    for (const aside of this.#aside.values()) if (aside === lane) this.#drop(lane);
  }

  #drop(lane: ReadLane): void {
    if (this.#lane === lane) this.#lane = undefined;
    else if (![...this.#aside.values()].includes(lane)) return;
    for (const [subject, aside] of this.#aside) if (aside === lane) this.#aside.delete(subject);
    lane.held.giveBack();
  }
}

function isSession(executor: Executor): executor is Session {
  return "control" in executor;
}
