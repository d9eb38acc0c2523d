import { defaultStatementTimeoutMs, type Executor } from "../../database/database.ts";
import { ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { nameDetail, show } from "../../errors/show.ts";
import { errorText } from "../../errors/show-error.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { abortReason } from "../../waiting/abort.ts";
import { type CallOptions, timeLimitError, withTimeLimit } from "../../waiting/time-limit.ts";
import type { EventsLoader } from "./loader-and-inserter.ts";
import { eventId, makeEvent } from "./make-event.ts";

export interface LoaderCall {
  readonly table: string;
  readonly loader: EventsLoader;
  readonly after: bigint;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

/** Calls a table's loader, and checks what it returns. Rejects with the signal's reason, or with `time_limit`. */
export async function callLoader(session: Executor, call: LoaderCall): Promise<ReflexEvent[]> {
  const { table, loader, limit, signal, timeoutMs = defaultStatementTimeoutMs } = call;
  const after = String(call.after);
  const what = `the loader of ${table}`;
  const remedy = "raise statementTimeoutMs if it may take that long";
  const ending = new AbortController();
  const end = (): void =>
    ending.abort(signal?.aborted === true ? abortReason(signal) : timeLimitError({ what, remedy }, timeoutMs));
  const db = bounded(session, timeoutMs);
  const load = async (): Promise<readonly ReflexEvent[]> => loader(db, { after, limit, signal: ending.signal });
  const events = await withTimeLimit(load(), { signal, timeoutMs, what, remedy, onGivenUp: end });
  return checked(events, call);
}

function bounded(session: Executor, limitMs: number): Executor {
  const limits = (options: CallOptions): CallOptions => {
    const { timeoutMs = limitMs } = checkCallOptions("a statement", options);
    return { timeoutMs };
  };
  return {
    run: async (sql, params, options = {}) => leave(session.run(sql, params, limits(options)), options),
    rows: async (sql, params, options = {}) => leave(session.rows(sql, params, limits(options)), options),
  };
}

/**
 * Leaves a statement behind when its signal is aborted. To end it would close the connection, through which other
 * streams read too.
 */
function leave<R>(statement: Promise<R>, options: CallOptions): Promise<R> {
  return withTimeLimit(statement, { signal: options.signal, what: "a statement of a loader" });
}

function checked(events: unknown, { table, after, limit }: LoaderCall): ReflexEvent[] {
  if (!Array.isArray(events)) {
    throw typeMistake(
      "invalid_argument",
      `the loader of ${table} must return an array of events, found ${show(events)}`,
    );
  }
  let previous = after;
  // Events beyond the limit are left out, and read again later: a page must stay bounded.
  return events.slice(0, limit).map((event: ReflexEvent) => {
    const id = Object(event).id as unknown;
    const text = typeof id === "string" ? eventId(id) : undefined;
    if (text === undefined || BigInt(text) <= previous) throw notConsecutive(table, previous, id);
    previous = BigInt(text);
    return copy(event, table);
  });
}

/**
 * Copies an event that a loader has made into one as the table itself makes it. Streams share events, and read them
 * fastest when all are of one kind.
 */
function copy(event: ReflexEvent, table: string): ReflexEvent {
  const { id, type, foreignId, timestampMicros, metadata, trace } = event;
  try {
    return makeEvent({ id, type, foreignId, timestampMicros, metadata, trace });
  } catch (error) {
    throw typeMistake("invalid_argument", `event ${nameDetail(id)} from the loader of ${table}: ${errorText(error)}`);
  }
}

function notConsecutive(table: string, previous: bigint, id: unknown): ReflexError {
  const found = nameDetail(id);
  return new ReflexError(
    "non_consecutive_event",
    `the loader of ${table} returned event ${found} after ${previous}: ids must be decimal text, each greater than the one before and than the \`after\` of the request; sort by id as a number and select it as text`,
    { details: { table, previous: String(previous), id: found } },
  );
}
