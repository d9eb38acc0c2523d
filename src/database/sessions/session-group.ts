import { withTimeLimit } from "../../waiting/time-limit.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { CallUnderWay } from "../calls-under-way.ts";
import { A_CONNECTION } from "../connection-wait.ts";
import { type Database, defaultAcquireTimeoutMs, type IsolationLevel } from "../database.ts";
import { BorrowedSession } from "./borrowed-session.ts";
import { watchShortage } from "./pool-shortage.ts";
import { type GroupMember, SessionTurn } from "./session-turn.ts";
import { slowCalls } from "./slow-calls.ts";

/** What the sessions of a group are alike in. */
export interface SessionKind {
  readonly database: Database;
  readonly isolation: IsolationLevel;
  /** Statements that set a session up. */
  readonly setUp: readonly string[];
}

// How long a session waits for its next use. Gaps come several at a time, and to open a connection for each would take
// longer than to close the gap.
export const LINGER_MS = 1000;
// Over a slow network, a session waits for so many times as long as it took to open, but no longer than this.
const LINGER_OPENINGS = 10;
const LONGEST_LINGER_MS = 30_000;
// A pool of this size or smaller is a small one: the user's own queries need its connections sooner than the next gap
// does.
const SMALL_POOL = 5;
// How many sessions may wait for their next use, and how long a turn is waited for before one more is opened. Turns take
// a millisecond; only one that is held up by a lock or by the network takes so long.
const IN_LARGE_POOL = { lingerMs: LINGER_MS, mostIdle: 3, mostLong: 2, patienceMs: 20 };
const IN_SMALL_POOL = { lingerMs: 50, mostIdle: 1, mostLong: 0, patienceMs: 1000 };

const groups = new WeakMap<object, Map<string, SessionGroup>>();

/** The sessions of this kind in this database, one group for all who use them. */
export function sessionGroup(kind: SessionKind): SessionGroup {
  const { identity } = kind.database;
  const ofDatabase = groups.get(identity) ?? new Map<string, SessionGroup>();
  groups.set(identity, ofDatabase);
  const key = JSON.stringify([kind.isolation, kind.setUp]);
  const group = ofDatabase.get(key) ?? new SessionGroup(kind);
  ofDatabase.set(key, group);
  return group;
}

/**
 * Sessions that are used in turns, first come, first served. Most of the time there is one. It is opened when it is first
 * needed, and given back soon after its last use.
 */
export class SessionGroup {
  readonly #kind: SessionKind;
  readonly #rules: typeof IN_LARGE_POOL;
  readonly #members = new Set<GroupMember>();
  readonly #turns = new Set<SessionTurn>();
  readonly #busy = new Map<BorrowedSession, GroupMember>();
  /** The free sessions with what ends their wait for the next use, the last used one last. */
  readonly #idle = new Map<BorrowedSession, () => void>();
  #opening: BorrowedSession | undefined;
  /** How long the last session took to open, in ms. */
  #openingMs = 0;
  #cancelPatience: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(kind: SessionKind) {
    this.#kind = kind;
    const { poolSize = Number.POSITIVE_INFINITY } = kind.database;
    this.#rules = poolSize <= SMALL_POOL ? IN_SMALL_POOL : IN_LARGE_POOL;
    slowCalls(kind.database).whenLost(() => this.closeIdle());
  }

  /** How many works that take long may be under way while other members use the sessions too. */
  get mostLong(): number {
    return this.#rules.mostLong;
  }

  /** Whether someone waits for a session. */
  get contended(): boolean {
    return this.#turns.size > 0;
  }

  join(member: GroupMember): void {
    this.#members.add(member);
  }

  /** Closes what the member uses, also under a statement; with the last member, all sessions. */
  leave(member: GroupMember): void {
    if (!this.#members.delete(member)) return;
    for (const turn of this.#turns) if (turn.member === member) this.#refuse(turn, leftError());
    for (const [session, user] of this.#busy) if (user === member) this.#end(session);
    if (this.#members.size > 0) return this.#plan();
    this.#opening?.giveBack();
    this.#opening = undefined;
    this.closeIdle();
    this.#plan();
  }

  /** Opens a session ahead of time if there is none. If that fails, whoever needs one learns why. */
  warmUp(member: GroupMember): void {
    if (this.#members.has(member) && this.#busy.size + this.#idle.size === 0) this.#open(member);
  }

  /** Resolves with a session that nobody else uses. Call {@link putBack} once when done with it. */
  async take(member: GroupMember): Promise<BorrowedSession> {
    if (!this.#members.has(member)) throw leftError();
    const [free] = [...this.#idle.keys()].slice(-1);
    if (free === undefined) return this.#turn(member);
    this.#stay(free);
    this.#busy.set(free, member);
    return free;
  }

  /** Gives a session to the next who waits. One that may have broken is closed, and so is one whose user has left. */
  putBack(session: BorrowedSession, broken: boolean): void {
    if (!this.#busy.has(session)) return;
    if (broken) this.#end(session);
    else this.#offer(session);
    this.#plan();
  }

  /** Closes all sessions that nobody uses. */
  closeIdle(): void {
    for (const session of this.#idle.keys()) this.#end(session);
  }

  /** What is under way for this member since before this time: its statements, and while it waits also what it waits for. */
  callsBefore(member: GroupMember, timeMs: number): CallUnderWay[] {
    const waits = [...this.#turns].some((turn) => turn.member === member);
    const sessions = [...this.#busy].filter(([, user]) => waits || user === member).map(([session]) => session);
    if (waits && this.#opening !== undefined) sessions.push(this.#opening);
    return sessions.flatMap((session) => session.callsBefore(timeMs));
  }

  async #turn(member: GroupMember): Promise<BorrowedSession> {
    const turn = new SessionTurn(member);
    this.#turns.add(turn);
    this.#plan();
    return withTimeLimit(turn.granted, {
      timeoutMs: member.acquireTimeoutMs ?? defaultAcquireTimeoutMs,
      what: `${A_CONNECTION} to look at gaps with`,
      frequent: true,
      remedy: "give the pool more connections, or look for ones never released",
      onGivenUp: () => {
        this.#turns.delete(turn);
        if (turn.session !== undefined) this.putBack(turn.session, false);
        this.#plan();
      },
    });
  }

  /** Sees to it that a session is opened for those who wait: at once if there is none, else when their turn is long in coming. */
  #plan(): void {
    const [turn] = this.#turns;
    if (turn === undefined || this.#opening !== undefined) return this.#stopPlan();
    if (this.#busy.size === 0) {
      this.#stopPlan();
      this.#open(turn.member, turn);
    } else {
      this.#cancelPatience ??= startTimer(this.#rules.patienceMs, () => {
        this.#cancelPatience = undefined;
        const [first] = this.#turns;
        if (first !== undefined && this.#opening === undefined) this.#open(first.member, first);
      });
    }
  }

  #stopPlan(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
  }

  #open({ acquireTimeoutMs, statementTimeoutMs }: GroupMember, turn?: SessionTurn): void {
    if (this.#opening !== undefined) return;
    const { database, isolation, setUp } = this.#kind;
    const session = new BorrowedSession(database, { isolation, setUp, acquireTimeoutMs, statementTimeoutMs });
    this.#opening = session;
    const startedAtMs = performance.now();
    const settled = (settle: () => void): void => {
      if (this.#opening !== session) return;
      this.#opening = undefined;
      this.#openingMs = performance.now() - startedAtMs;
      settle();
      this.#plan();
    };
    session.opened.then(
      () => settled(() => this.#opened(session)),
      (error: unknown) => settled(() => turn !== undefined && this.#refuse(turn, error)),
    );
  }

  #opened(session: BorrowedSession): void {
    slowCalls(this.#kind.database).opened(session);
    this.#offer(session);
  }

  #offer(session: BorrowedSession): void {
    this.#stopWatching ??= watchShortage(this.#kind.database, () => this.closeIdle());
    const [turn] = this.#turns;
    if (turn !== undefined) {
      this.#turns.delete(turn);
      this.#stopPlan();
      this.#busy.set(session, turn.member);
      turn.grant(session);
      return;
    }
    this.#busy.delete(session);
    this.#idle.set(
      session,
      startTimer(this.#lingerMs, () => this.#end(session), { keepAlive: false }),
    );
    const [oldest] = this.#idle.keys();
    if (this.#idle.size > this.#rules.mostIdle && oldest !== undefined) this.#end(oldest);
  }

  get #lingerMs(): number {
    return Math.max(this.#rules.lingerMs, Math.min(this.#openingMs * LINGER_OPENINGS, LONGEST_LINGER_MS));
  }

  #refuse(turn: SessionTurn, error: unknown): void {
    if (this.#turns.delete(turn)) turn.refuse(error);
  }

  /** Ends the wait for the next use. */
  #stay(session: BorrowedSession): void {
    this.#idle.get(session)?.();
    this.#idle.delete(session);
  }

  #end(session: BorrowedSession): void {
    this.#stay(session);
    this.#busy.delete(session);
    session.giveBack();
    if (this.#idle.size + this.#busy.size > 0) return;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}

function leftError(): Error {
  return Object.assign(new Error("the session was given up by whoever wants to use it"), {
    code: "PROTOCOL_CONNECTION_LOST",
  });
}
