import type { Database, DatabaseCallOptions, Executor } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { tableError } from "../../database/table-error.ts";
import { checkCallOptions } from "../../reflex/call-options.ts";
import { HIGHEST_ID, parseIntCursor } from "../../reflex/cursor.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { eventColumns, eventCondition } from "./event-columns.ts";
import { callLoader } from "./event-loader.ts";
import { checkTimes, type EventRow, isNoopOf, toEvent } from "./event-row.ts";
import type { EventsLoader } from "./loader-and-inserter.ts";
import { checkLostValues } from "./lost-values.ts";
import type { TableDefinition } from "./table-context.ts";

/** How far a cursor is behind its table. */
export interface Lag {
  /** How many events follow the cursor, counted up to 10 000. Noops don't count. */
  readonly events: number;
  /** Whether more events follow the cursor than were counted. */
  readonly capped: boolean;
  /** How old the first of these events is by the server's clock, in ms; 0 if there is none. */
  readonly oldestMs: number;
  /**
   * Whether the cursor lies beyond all rows that the table has: the table was truncated or restored, or it is a cursor of
   * another. The other figures say nothing then. A table without rows may have been pruned, and does not count.
   */
  readonly ahead: boolean;
}

const MOST_COUNTED = 10_000;
// How many events a loader is asked for, to find one that is no noop.
const LOADED_AT_ONCE = 10;

/** What one call reads with: the SQL of the table, and whoever runs it. */
interface Reads extends TableDefinition {
  readonly executor: Executor;
  readonly limits: DatabaseCallOptions;
  readonly dialect: Database["dialect"];
  /** The table in a FROM clause, and its id, both as SQL. */
  readonly from: string;
  readonly id: string;
}

/** The event of the highest id that is no noop; undefined if no event is committed. */
export async function newestEvent<T extends number>(
  db: DatabaseHandle,
  definition: TableDefinition,
  options: CallOptions,
): Promise<ReflexEvent<T> | undefined> {
  const limits = checkCallOptions("newest", options);
  const event = await reading(db, { definition, options: limits }, (reads) =>
    definition.config.loader === undefined ? newestStored(reads) : newestLoaded(reads, definition.config.loader),
  );
  // The option `types` is the user's promise about the table.
  return event as ReflexEvent<T> | undefined;
}

/** @throws ReflexError `invalid_cursor` */
export async function lagAfter(
  db: DatabaseHandle,
  { definition, cursor }: { definition: TableDefinition; cursor: string },
  options: CallOptions,
): Promise<Lag> {
  const limits = checkCallOptions("lag", options);
  const after = parseIntCursor(cursor);
  return reading(db, { definition, options: limits }, (reads) =>
    definition.config.loader === undefined
      ? lagStored(reads, after)
      : lagLoaded(reads, { after, loader: definition.config.loader }),
  );
}

async function reading<R>(
  db: DatabaseHandle,
  { definition, options }: { definition: TableDefinition; options: CallOptions },
  use: (reads: Reads) => Promise<R>,
): Promise<R> {
  const { table, config } = definition;
  const { signal, timeoutMs = config.statementTimeoutMs } = options;
  const database = toDatabase(db);
  const { dialect } = database;
  const limits = { signal, timeoutMs, acquireTimeoutMs: config.acquireTimeoutMs };
  const sql = { dialect, from: `${dialect.quote(table)} as t`, id: `t.${dialect.quote(config.fields.id)}` };
  const reads = (executor: Executor): Reads => ({ ...definition, ...sql, executor, limits });
  try {
    if (config.loader === undefined) return await use(reads(database));
    return await database.session((session) => use({ ...reads(session), limits: { signal, timeoutMs } }), limits);
  } catch (error) {
    throw tableError(error, { table, activity: "read", signal });
  }
}

async function newestStored(reads: Reads): Promise<ReflexEvent | undefined> {
  const { config, dialect, from, id } = reads;
  const rows = await reads.executor.rows<EventRow>(
    `select ${eventColumns(dialect, config)} from ${from} where ${eventCondition(dialect, config)} order by ${id} desc limit 1`,
    [config.noopForeignId],
    reads.limits,
  );
  checkTimes(rows, reads);
  checkLostValues(rows, reads.table);
  const [row] = rows;
  return row === undefined ? undefined : toEvent(row);
}

/** Of such a table, only the ids are known without its loader. */
async function newestLoaded(reads: Reads, loader: EventsLoader): Promise<ReflexEvent | undefined> {
  const { dialect, from, id, executor, limits } = reads;
  const sql = `select ${dialect.asText(id)} as id_text from ${from} where ${id} <= ${dialect.integerParam} order by ${id} desc limit ${LOADED_AT_ONCE}`;
  for (let upTo = HIGHEST_ID; ; ) {
    const lowest = (await executor.rows<{ id_text: string }>(sql, [String(upTo)], limits)).at(-1);
    if (lowest === undefined) return undefined;
    upTo = BigInt(lowest.id_text) - 1n;
    const newest = (await load(reads, loader, upTo)).at(-1);
    if (newest !== undefined) return newest;
  }
}

async function lagStored(reads: Reads, after: bigint): Promise<Lag> {
  const { config, dialect, from, id } = reads;
  const following = `from ${from} where ${id} > ${dialect.integerParam} and ${eventCondition(dialect, config)} order by ${id} limit`;
  const micros = dialect.eventMicros(`t.${dialect.quote(config.fields.time)}`, config.time);
  const params = [String(after), config.noopForeignId];
  const [row] = await reads.executor.rows<LagRow>(
    `select (select count(*) from (select 1 ${following} ${MOST_COUNTED + 1}) as f) as found, ${highest(reads)}, (select ${micros} ${following} 1) as micros, ${dialect.nowMicros} as now_micros`,
    [...params, ...params],
    reads.limits,
  );
  if (Number(row?.found) > 0) checkTimes([{ id_value: `after ${after}`, micros: row?.micros ?? null }], reads);
  return toLag(row, row?.micros, after);
}

/** Counts rows in place of events, which only the loader knows. */
async function lagLoaded(reads: Reads, { after, loader }: { after: bigint; loader: EventsLoader }): Promise<Lag> {
  const { dialect, from, id, executor, limits } = reads;
  const [row] = await executor.rows<LagRow>(
    `select (select count(*) from (select 1 from ${from} where ${id} > ${dialect.integerParam} order by ${id} limit ${MOST_COUNTED + 1}) as f) as found, ${highest(reads)}, ${dialect.nowMicros} as now_micros`,
    [String(after)],
    limits,
  );
  const [first] = Number(row?.found) > 0 ? await load(reads, loader, after) : [];
  return toLag(row, first?.timestampMicros, after);
}

interface LagRow {
  readonly found: string | number | bigint;
  readonly micros?: string | number | bigint | null;
  readonly now_micros: string | number | bigint;
  readonly highest: string | null;
}

function highest({ dialect, from, id }: Reads): string {
  return `(select ${dialect.asText(`max(${id})`)} from ${from}) as highest`;
}

function toLag(row: LagRow | undefined, firstMicros: LagRow["micros"], after: bigint): Lag {
  const found = Number(row?.found ?? 0);
  const ageMs = (Number(row?.now_micros) - Number(firstMicros)) / 1000;
  // The clocks of a writer and of the server that is asked may differ.
  const oldestMs = firstMicros === undefined || firstMicros === null ? 0 : Math.max(0, ageMs);
  const end = row?.highest ?? undefined;
  const ahead = end !== undefined && after > BigInt(end);
  return { events: Math.min(found, MOST_COUNTED), capped: found > MOST_COUNTED, oldestMs: Math.round(oldestMs), ahead };
}

/** The next events of the loader that are no noops. */
async function load(reads: Reads, loader: EventsLoader, after: bigint): Promise<ReflexEvent[]> {
  const { table, config, executor, limits } = reads;
  const { signal, timeoutMs } = limits;
  const events = await callLoader(executor, { table, loader, after, limit: LOADED_AT_ONCE, signal, timeoutMs });
  return events.filter((event) => !isNoopOf(event, config));
}
