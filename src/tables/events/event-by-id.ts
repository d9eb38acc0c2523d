import type { Executor } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { tableError } from "../../database/table-error.ts";
import { typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { eventColumns } from "./event-columns.ts";
import { callLoader } from "./event-loader.ts";
import { type EventRow, toEvent } from "./event-row.ts";
import type { EventsLoader } from "./loader-and-inserter.ts";
import { checkLostValues } from "./lost-values.ts";
import type { TableDefinition } from "./table-context.ts";

const sources = new WeakMap<object, TableDefinition>();

/** Makes the events of an events table known to {@link loadEvent}. */
export function setEventSource(table: object, source: TableDefinition): void {
  sources.set(table, source);
}

/**
 * Where the events of `table` are.
 * @throws TypeError `invalid_argument` for anything that is no events table.
 */
export function eventSourceOf(table: unknown): TableDefinition {
  const source = sources.get(Object(table));
  if (source !== undefined) return source;
  throw typeMistake("invalid_argument", `expected an EventsTable or EventsTableInt, found ${show(table)}`);
}

/** Whether `table` is an `EventsTable` or an `EventsTableInt`. */
export function isEventsTable(table: unknown): boolean {
  return sources.has(Object(table));
}

/** Reads the event of this id. Undefined if there is none, for example since it was pruned. */
export async function loadEvent<T extends number>(
  db: DatabaseHandle,
  { source, id }: { source: TableDefinition; id: string },
  { signal, timeoutMs }: CallOptions = {},
): Promise<ReflexEvent<T> | undefined> {
  const { table, config } = source;
  const database = toDatabase(db);
  const { dialect } = database;
  const where = `t.${dialect.quote(config.fields.id)} = ${dialect.integerParam}`;
  const sql = `select ${eventColumns(dialect, config)} from ${dialect.quote(table)} t where ${where}`;
  const { acquireTimeoutMs, statementTimeoutMs, loader } = config;
  const limits = { signal, timeoutMs: timeoutMs ?? statementTimeoutMs, acquireTimeoutMs };
  try {
    if (loader !== undefined) {
      const call = { ...limits, table, loader };
      return (await database.session((session) => loadOne(session, id, call), limits)) as ReflexEvent<T> | undefined;
    }
    const rows = await database.rows<EventRow>(sql, [id], limits);
    checkLostValues(rows, table);
    const [row] = rows;
    return row === undefined ? undefined : toEvent<T>(row);
  } catch (error) {
    throw tableError(error, { table, activity: "read", signal });
  }
}

/** Reads one event of a table whose rows only its loader can read. */
async function loadOne(
  session: Executor,
  id: string,
  call: { table: string; loader: EventsLoader; signal: AbortSignal | undefined; timeoutMs: number | undefined },
): Promise<ReflexEvent | undefined> {
  if (BigInt(id) < 1n) return undefined;
  const [event] = await callLoader(session, { ...call, after: BigInt(id) - 1n, limit: 1 });
  return event?.id === id ? event : undefined;
}
