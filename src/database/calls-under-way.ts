/** A call that waits for a connection of the pool, or for the server's answer to a statement. */
export interface CallUnderWay {
  /** When it began to wait, by `performance.now()`. */
  readonly sinceMs: number;
  /** The connection that the statement runs on; undefined while it waits for a connection. */
  readonly on: CalledConnection | undefined;
}

/** A connection with a statement under way. */
export interface CalledConnection {
  /** The session's number on its server; undefined if the driver does not tell. */
  readonly threadId: number | undefined;
  /** How many bytes the server has sent so far; undefined if the driver does not tell. */
  readonly bytesReceived: number | undefined;
  /** Closes the connection. The statement rejects as when a connection is lost, and says why it was closed. */
  destroy(why: string): void;
}

/** Calls that are under way in one place, so that it can be asked why they take long. */
export class CallsUnderWay {
  readonly #calls = new Set<CallUnderWay>();

  begin(on: CalledConnection | undefined): CallUnderWay {
    const call = { sinceMs: performance.now(), on };
    this.#calls.add(call);
    return call;
  }

  end(call: CallUnderWay): void {
    this.#calls.delete(call);
  }

  /** The calls that began before this time, the oldest first. */
  before(timeMs: number): CallUnderWay[] {
    return [...this.#calls].filter(({ sinceMs }) => sinceMs <= timeMs);
  }
}

const known = new WeakMap<object, CallsUnderWay>();
const sessions = new WeakMap<object, Set<CallsUnderWay>>();

/** The calls of each session that is kept on this database, by its identity. Whoever keeps a session adds its own. */
export function callsOfSessions(identity: object): Set<CallsUnderWay> {
  const calls = sessions.get(identity) ?? new Set();
  sessions.set(identity, calls);
  return calls;
}

/**
 * The calls of one place: by the identity of a database those that it makes on whichever connection is free, by a session those
 * on that session, by the function that a session is lent to those that open it. Statements that a program runs itself, also inside of `transaction()`, are not among them.
 */
export function callsUnderWay(place: object): CallsUnderWay {
  let calls = known.get(place);
  if (calls === undefined) {
    calls = new CallsUnderWay();
    known.set(place, calls);
  }
  return calls;
}
