import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { checkIdentifier, parseTableName } from "../../database/identifiers.ts";
import { tableError } from "../../database/table-error.ts";
import { ReflexError, rangeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import { aFiniteDuration } from "../../options/check-options.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { eventSourceOf } from "../../tables/events/event-by-id.ts";
import type { EventsTable } from "../../tables/events-table.ts";
import type { EventsTableInt } from "../../tables/events-table-int.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { defaultPatienceMs } from "./assertions.ts";

/** An events table of either kind. */
export type AnyEventsTable<T extends number = number> = EventsTable<T> | EventsTableInt<T>;

/**
 * The highest id in an events table, in decimal; "0" when it is empty. `idField` is needed only for a table that is given
 * by its name and whose ids are not in a column `id`.
 * @throws ReflexError `wrong_schema` if table or column is missing, `database_error`
 * @example
 * const before = await getLatestId(pool, orders);
 * await placeOrder(pool);
 * assert.equal((await getNextEvents(pool, orders, before)).length, 1);
 */
export async function getLatestId<T extends number = number>(
  db: DatabaseHandle,
  table: AnyEventsTable<T> | string,
  idField: string = typeof table === "string" ? "id" : eventSourceOf(table).config.fields.id,
): Promise<string> {
  if (typeof table !== "string") eventSourceOf(table);
  const name = typeof table === "string" ? parseTableName(table).join(".") : table.name;
  const { dialect, rows } = toExecutor(db);
  const id = `t.${dialect.quote(checkIdentifier(idField, "idField"))}`;
  const sql = `select ${dialect.asText(id)} as id_text from ${dialect.quote(name)} t order by ${id} desc limit 1`;
  try {
    const [row] = await rows<{ id_text: string }>(sql);
    return row?.id_text ?? "0";
  } catch (error) {
    throw tableError(error, { table: name, activity: "read" });
  }
}

/**
 * The events after the cursor `after` ("" or "0" for all) up to the head, in order: what a stream delivers by now. With
 * `lagMs`, only those that are this old by the server's clock, without waiting for the others.
 *
 * Like any stream it closes gaps that rolled-back transactions left. One that is still open holds it up; after 4 s
 * without progress it gives up.
 * @throws ReflexError `time_limit` in that case, and whatever ends a stream of the table.
 * @example
 * const events = await getNextEvents(pool, orders, before);
 * assert.deepEqual(events.map((event) => event.type), [OrderEvent.Placed, OrderEvent.Paid]);
 */
// oxlint-disable-next-line max-params -- the signature of Go's rsql
export async function getNextEvents<T extends number = number>(
  db: DatabaseHandle,
  table: AnyEventsTable<T>,
  after: string,
  lagMs = 0,
): Promise<ReflexEvent<T>[]> {
  eventSourceOf(table);
  const lagProblem = aFiniteDuration(lagMs);
  if (lagProblem !== undefined) {
    throw rangeMistake("invalid_argument", `lagMs of getNextEvents must be ${lagProblem}, found ${show(lagMs)}`);
  }
  const stream = table.stream(db, after, { toHead: true });
  const events: ReflexEvent<T>[] = [];
  try {
    const pages = stream.batches();
    for (;;) {
      const what = `events of ${table.name} after ${stream.position}`;
      const remedy = "an open transaction may hold the next one: commit it or roll it back";
      // oxlint-disable-next-line eslint/no-await-in-loop -- one page after the other is the point
      const page = await withTimeLimit(pages.next(), { timeoutMs: defaultPatienceMs, what, remedy });
      if (page.done === true) break;
      events.push(...page.value);
    }
  } finally {
    await stream.close();
  }
  if (lagMs === 0 || events.length === 0) return events;
  const now = await serverMicros(db);
  const young = events.findIndex(({ timestampMicros }) => timestampMicros > now - lagMs * 1000);
  return young === -1 ? events : events.slice(0, young);
}

/** The server's clock, in microseconds since 1970, UTC. */
export async function serverMicros(db: DatabaseHandle): Promise<number> {
  const { dialect, rows } = toExecutor(db);
  const [row] = await rows<{ micros: string | number | bigint }>(`select ${dialect.nowMicros} as micros`);
  if (row === undefined) throw new ReflexError("database_error", "the server did not tell its time");
  return Number(row.micros);
}

interface Reads {
  readonly dialect: ReturnType<typeof toDatabase>["dialect"];
  readonly rows: <R extends object>(sql: string) => Promise<R[]>;
}

function toExecutor(db: DatabaseHandle): Reads {
  const database = toDatabase(db);
  return { dialect: database.dialect, rows: (sql) => database.rows(sql, []) };
}
