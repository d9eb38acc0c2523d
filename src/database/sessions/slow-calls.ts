import { textWithCauses } from "../../errors/show-error.ts";
import type { Blocker, WaitCause } from "../../reflex/wait-cause.ts";
import { type CallUnderWay, callsOfSessions, callsUnderWay } from "../calls-under-way.ts";
import type { Database, Session } from "../database.ts";
import { blockerOf, type LockKind } from "./blocker.ts";
import type { BorrowedSession } from "./borrowed-session.ts";
import { type Beat, Heartbeat } from "./heartbeat.ts";
import { drained, givesNone, locked, slow, unreachable } from "./slow-call-causes.ts";
import { readThreads, type ThreadActivity, waitsForTableLock } from "./thread-activity.ts";

/** A call takes long from this time on, in ms. */
export const SLOW_AFTER_MS = 1500;
// For how long one answer of the server serves all who ask.
const SAME_ANSWER_MS = 400;
// How long a statement has to be silent, with a server that does not answer either, before its connection is closed. An
// overloaded server may need long for both: so each time that it comes to this in a row, it takes longer.
const FIRST_PATIENCE_MS = 3000;
const LONGEST_PATIENCE_MS = 30_000;
const CALM_MS = 60_000;
const LATE_OPENING_MS = 1000;
// How long a statement has to be under way for its answer to be noted before it takes long.
const NOTED_AFTER_MS = 300;
// For how long nothing must have come of an answer for it to count as lost.
const NOTHING_CAME_MS = 1000;

const LOST = "the server is not at work on the statement: its connection was lost on the way";
const SILENT = "the server has not answered, neither on this connection nor on another";

type Threads = ReadonlyMap<string, ThreadActivity>;

interface Asked {
  readonly beat: Beat<Threads>;
  /** Whether a session was asked that was open already, so that the pool was not. */
  readonly byFree: boolean;
}

/** Asks a question on a session that is free just now. Undefined if none is. */
export type AskFree = <R>(question: (session: Session, timeoutMs: number) => Promise<R>) => Promise<R> | undefined;

const noneFree: AskFree = () => undefined;

/** Finds out why calls on one database take long, and closes the connections of those that will never be answered. */
export class SlowCalls {
  readonly #database: Database;
  readonly #heartbeat: Heartbeat;
  #asked: { readonly atMs: number; readonly answer: Promise<Asked> } | undefined;
  #patienceMs = FIRST_PATIENCE_MS;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  readonly #onLost = new Set<() => void>();
  readonly #received = new WeakMap<CallUnderWay, { readonly bytes: number | undefined; readonly sinceMs: number }>();

  constructor(database: Database) {
    this.#database = database;
    this.#heartbeat = new Heartbeat(database);
  }

  /** Why the calls take long that need no session of their own, such as those on cursors. Undefined if none does. */
  whyOfOthers(): Promise<WaitCause | undefined> {
    return this.why(callsUnderWay(this.#database.identity).before(performance.now() - SLOW_AFTER_MS));
  }

  /**
   * Why these calls take long; undefined if there are none, or nothing is in their way. `askFree` spares the pool a connection
   * where a session is free.
   */
  async why(calls: readonly CallUnderWay[], askFree: AskFree = noneFree): Promise<WaitCause | undefined> {
    if (calls.length === 0) return undefined;
    const statements = calls.filter(({ on }) => on !== undefined);
    if (statements.length === 0) {
      const cause = drained(this.#database.poolState?.());
      if (cause !== undefined) return cause;
    }
    this.#noteReceived([...statements, ...this.#callsOfSessions(NOTED_AFTER_MS)]);
    const { beat, byFree } = await this.#ask(askFree);
    this.#noteReceived([...statements, ...this.#callsOfSessions(NOTED_AFTER_MS)]);
    if (beat.kind === "answered") {
      const state = this.#database.poolState?.();
      // The server is there, and the pool does not give a connection to it.
      if (byFree && statements.length === 0 && state !== undefined) return givesNone(state);
      return this.#among(statements, { threads: beat.value, askFree });
    }
    if (beat.kind === "failed") return unreachable(textWithCauses(beat.error));
    // The heartbeat itself has found no connection.
    const cause = drained(this.#database.poolState?.());
    if (cause !== undefined) return cause;
    this.#closeSilent(statements);
    return statements.length > 0 ? unreachable("no answer") : this.#noneFound();
  }

  /**
   * Notes how much has come of the answers that are waited for on sessions, so that it is known some time later whether more has
   * come. To be called before {@link why} is.
   */
  note(): void {
    this.#noteReceived(this.#callsOfSessions(NOTED_AFTER_MS));
  }

  /**
   * To be called when a session is opened. If that took long, the network may just have come back: then it is found out at once
   * which of the other sessions wait for an answer that was lost.
   */
  opened({ ageMs }: BorrowedSession): void {
    if (ageMs < LATE_OPENING_MS) return;
    void this.why(this.#callsOfSessions(SLOW_AFTER_MS)).catch(() => undefined);
  }

  /** Calls `close` when answers were lost on the way: connections that nobody uses just now may be as dead. */
  whenLost(close: () => void): void {
    this.#onLost.add(close);
  }

  /** The cause of whoever waits for a connection of the pool; undefined if nobody waits, or one may come. */
  shortage(): WaitCause | undefined {
    const state = this.#database.poolState?.();
    return drained(state) ?? (state && givesNone(state));
  }

  /** Who holds the row that a statement of this session waits for; undefined if the server does not tell. */
  rowBlocker(threadId: number, askFree: AskFree = noneFree): Promise<Blocker | undefined> {
    return this.#blocker(threadId, { kind: "row", askFree });
  }

  /** Gives back what it holds of the pool, so that the pool can be ended. */
  close(): void {
    this.#heartbeat.close();
  }

  /** The cause where the server did not answer, and the pool has given no connection to ask it. */
  #noneFound(): WaitCause {
    const { limit, lent = 0, waiting = 0 } = this.#database.poolState?.() ?? {};
    if (limit !== undefined || lent === 0 || waiting === 0) return unreachable("no answer");
    const message = `the pool has lent ${lent} connections and opens no further one: give it more connections, look for ones never released, or check that the server can be reached`;
    return { reason: "unknown", message };
  }

  #ask(askFree: AskFree): Promise<Asked> {
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.atMs > SAME_ANSWER_MS) {
      this.#asked = { atMs: now, answer: this.#beat(askFree) };
    }
    return this.#asked.answer;
  }

  async #beat(askFree: AskFree): Promise<Asked> {
    const free = await askFree(readThreads)?.catch(() => undefined);
    if (free !== undefined) return { beat: { kind: "answered", value: free }, byFree: true };
    return { beat: await this.#heartbeat.ask(readThreads), byFree: false };
  }

  /** What the server does with these statements. Closes the connections of those that have lost their answer. */
  async #among(
    statements: readonly CallUnderWay[],
    { threads, askFree }: { threads: Threads; askFree: AskFree },
  ): Promise<WaitCause | undefined> {
    this.#closeLost(statements, threads);
    let cause: WaitCause | undefined;
    for (const call of statements) {
      const { thread, threadId } = threadOf(call, threads);
      if (thread?.running === true) cause ??= await this.#causeOf(threadId, { thread, askFree });
    }
    return cause;
  }

  /** Closes those of all other sessions too: what comes after the statements that are asked about need not find out for itself. */
  #closeLost(statements: readonly CallUnderWay[], threads: Threads): void {
    for (const call of new Set([...statements, ...this.#callsOfSessions(SLOW_AFTER_MS)])) {
      const { thread } = threadOf(call, threads);
      if (thread !== undefined && this.#isLost(call, thread)) this.#close(call, LOST);
    }
  }

  /** The statements that have been under way on sessions for so long. */
  #callsOfSessions(sinceMs: number): CallUnderWay[] {
    const before = performance.now() - sinceMs;
    return [...callsOfSessions(this.#database.identity)].flatMap((session) => session.before(before));
  }

  /**
   * Whether what is waited for will not come: the server waits for a statement of this session, and nothing has come from it
   * for a while. A long answer may still be on its way, as the server rests once all of it is sent.
   */
  #isLost(call: CallUnderWay, { running, seconds }: ThreadActivity): boolean {
    if (running || seconds < 1) return false;
    const now = performance.now();
    const received = this.#received.get(call);
    if (received?.bytes === undefined) return now - call.sinceMs >= this.#patienceMs;
    return now - received.sinceMs >= NOTHING_CAME_MS;
  }

  /** Notes how much has come for each of the statements, and since when nothing more has. */
  #noteReceived(statements: readonly CallUnderWay[]): void {
    for (const call of statements) {
      const bytes = call.on?.bytesReceived;
      if (this.#received.get(call)?.bytes !== bytes || !this.#received.has(call)) {
        this.#received.set(call, { bytes, sinceMs: performance.now() });
      }
    }
  }

  async #causeOf(
    threadId: number,
    { thread, askFree }: { thread: ThreadActivity; askFree: AskFree },
  ): Promise<WaitCause> {
    const kind = waitsForTableLock(thread) ? "table" : "row";
    const blockedBy = await this.#blocker(threadId, { kind, askFree });
    return blockedBy === undefined && kind === "row" ? slow(threadId, thread) : locked(thread, blockedBy);
  }

  async #blocker(
    threadId: number,
    { kind, askFree }: { kind: LockKind; askFree: AskFree },
  ): Promise<Blocker | undefined> {
    const question = (session: Session, timeoutMs: number): Promise<Blocker | undefined> =>
      blockerOf(session, threadId, { kind, timeoutMs });
    const asked = askFree(question);
    if (asked !== undefined) return asked.catch(() => undefined);
    const beat = await this.#heartbeat.ask(question);
    return beat.kind === "answered" ? beat.value : undefined;
  }

  #closeSilent(statements: readonly CallUnderWay[]): void {
    const now = performance.now();
    if (now - this.#closedAtMs > CALM_MS) this.#patienceMs = FIRST_PATIENCE_MS;
    const silent = statements.filter(
      (call) =>
        now - (this.#received.get(call)?.sinceMs ?? call.sinceMs) >= NOTHING_CAME_MS &&
        now - call.sinceMs >= this.#patienceMs,
    );
    if (silent.length === 0) return;
    this.#closedAtMs = now;
    this.#patienceMs = Math.min(this.#patienceMs * 2, LONGEST_PATIENCE_MS);
    for (const call of silent) this.#close(call, SILENT);
  }

  #close({ on }: CallUnderWay, why: string): void {
    on?.destroy(why);
    for (const close of this.#onLost) close();
  }
}

/** What the server tells of the session of a statement. */
function threadOf({ on }: CallUnderWay, threads: Threads): { threadId: number; thread: ThreadActivity | undefined } {
  const threadId = on?.threadId;
  return { threadId: threadId ?? 0, thread: threadId === undefined ? undefined : threads.get(String(threadId)) };
}

const known = new WeakMap<object, SlowCalls>();

/** What finds out why the calls of this database take long. */
export function slowCalls(database: Database): SlowCalls {
  let calls = known.get(database.identity);
  if (calls === undefined) {
    calls = new SlowCalls(database);
    known.set(database.identity, calls);
  }
  return calls;
}
