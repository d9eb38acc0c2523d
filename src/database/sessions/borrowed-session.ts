import { isReflexError } from "../../errors/reflex-error.ts";
import { type CallsUnderWay, type CallUnderWay, callsOfSessions, callsUnderWay } from "../calls-under-way.ts";
import type { Database, IsolationLevel, Session } from "../database.ts";
import { meaningOf } from "../sql-errors.ts";

export interface BorrowOptions {
  readonly isolation?: IsolationLevel;
  /** Statements that set the session up. */
  readonly setUp?: readonly string[];
  readonly acquireTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
}

const returning = new Set<Promise<unknown>>();

/**
 * Resolves once every session that was given back is closed. A driver's pool that is ended sooner would wait for ever
 * for the answers to what is under way on them.
 */
export async function sessionsReturned(): Promise<void> {
  await Promise.all(returning);
}

/** A session of a database that is kept until it is given back. */
export class BorrowedSession {
  /** Resolves with the session once it is opened. Rejects if there is none to be had. */
  readonly opened: Promise<Session>;
  #session: Session | undefined;
  #release: () => void = () => undefined;
  #ended: Promise<unknown> = Promise.resolve();
  /** Where the statements are noted that open it. */
  readonly #openedBy: CallsUnderWay;
  /** Where the statements are noted that set it up. */
  #setUpBy: CallsUnderWay | undefined;
  readonly #openingSinceMs = performance.now();

  constructor(database: Database, options: BorrowOptions) {
    const { isolation, setUp = [], acquireTimeoutMs, statementTimeoutMs: timeoutMs } = options;
    let open: ((session: Session) => void) | undefined;
    const hold = async (session: Session): Promise<void> => {
      const calls = callsUnderWay(session);
      this.#setUpBy = calls;
      callsOfSessions(database.identity).add(calls);
      try {
        for (const statement of setUp) await session.control(statement, { timeoutMs });
        await new Promise<void>((release) => {
          this.#session = session;
          this.#release = release;
          open?.(session);
        });
      } finally {
        callsOfSessions(database.identity).delete(calls);
      }
    };
    const opening = callsUnderWay(hold);
    this.#openedBy = opening;
    callsOfSessions(database.identity).add(opening);
    this.opened = new Promise<Session>((resolve, reject) => {
      open = resolve;
      const using = database.session(hold, { isolation, timeoutMs, acquireTimeoutMs }).catch(reject);
      this.#ended = using.finally(() => callsOfSessions(database.identity).delete(opening));
    });
  }

  /**
   * The session if it is opened already. Who has it need not wait for a promise, and so comes before whatever the
   * caller does meanwhile.
   */
  get session(): Session | undefined {
    return this.#session;
  }

  /** For how long it has existed, its opening included, in ms. */
  get ageMs(): number {
    return performance.now() - this.#openingSinceMs;
  }

  /** What is under way on it since before this time: statements, or its opening as a whole. */
  callsBefore(timeMs: number): CallUnderWay[] {
    if (this.#session !== undefined) return callsUnderWay(this.#session).before(timeMs);
    const statements = [...this.#openedBy.before(timeMs), ...(this.#setUpBy?.before(timeMs) ?? [])];
    if (statements.length > 0 || this.#openingSinceMs > timeMs) return statements;
    return [{ sinceMs: this.#openingSinceMs, on: undefined }];
  }

  /** Closes the session, or has it closed as soon as it is opened. */
  giveBack(): void {
    if (this.#session === undefined) {
      this.opened.then(
        () => this.#release(),
        () => undefined,
      );
      return;
    }
    this.#release();
    const ended = this.#ended.finally(() => returning.delete(ended));
    returning.add(ended);
  }
}

/** Whether the connection on which this error occurred must not be used again. */
export function mayHaveBroken(error: unknown): boolean {
  if (isReflexError(error, "time_limit")) return true;
  const meaning = meaningOf(error);
  return meaning === "connection_lost" || meaning === "connection_closed" || meaning === "unreachable";
}
