import { isDeepStrictEqual } from "node:util";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { showKind } from "../../errors/show.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { eventSourceOf } from "../../tables/events/event-by-id.ts";
import type { EventsTableConfig } from "../../tables/events/events-table-options.ts";
import type { EventsTable } from "../../tables/events-table.ts";
import type { EventsTableBase } from "../../tables/events-table-base.ts";
import type { EventsTableInt } from "../../tables/events-table-int.ts";
import { assertEqual, asserted, assertThat, failure } from "./assertions.ts";
import { checkTable } from "./check-table.ts";
import { type AnyEventsTable, getLatestId, getNextEvents, serverMicros } from "./read-events.ts";
import { sampleForeignId } from "./sample-foreign-id.ts";

// A JSON column takes it too, and gives it back as it is.
const metadata = Buffer.from('"rsql"');
const mostClockErrorMs = 60_000;

/**
 * Checks that an events table exists as its options say and works: its schema, an insert, the event that a stream then
 * delivers, its time, and metadata if it has a column for it. For a test of your migrations.
 *
 * Events are never deleted, so that what it inserts remains: one event, or two with a metadata column, of the first of
 * the table's types. Run it on a test database.
 * @throws AssertionError that tells what is wrong with the table.
 * @example
 * test("the migrations make a table for order events", () => testEventsTable(pool, orders));
 */
export async function testEventsTable<T extends number = number>(
  db: DatabaseHandle,
  table: EventsTable<T>,
): Promise<void> {
  checkTable("EventsTable", table);
  const what = `${table.name} could not be looked at`;
  await checkEventsTable(db, table, await asserted(what, () => sampleForeignId(db, table)));
}

/** As {@link testEventsTable}, with a foreign id that the table takes, such as one that a foreign key asks for. */
export async function testEventsTableWithId<T extends number = number>(
  db: DatabaseHandle,
  table: EventsTable<T>,
  foreignId: string,
): Promise<void> {
  checkTable("EventsTable", table);
  if (typeof foreignId !== "string") throw wrongForeignId("a string", foreignId);
  await checkEventsTable(db, table, foreignId);
}

/** As {@link testEventsTable}, for a table whose foreign ids are integers. */
export async function testEventsTableInt<T extends number = number>(
  db: DatabaseHandle,
  table: EventsTableInt<T>,
  foreignId: number | bigint = 1,
): Promise<void> {
  checkTable("EventsTableInt", table);
  const whole = typeof foreignId === "bigint" || Number.isSafeInteger(foreignId);
  if (!whole) throw wrongForeignId("a bigint or a safe whole number", foreignId);
  await checkEventsTable(db, table, foreignId);
}

function wrongForeignId(expected: string, found: unknown): Error {
  const mistake = typeof found === "number" ? rangeMistake : typeMistake;
  return mistake("invalid_argument", `the foreign id of an event must be ${expected}, found ${showKind(found)}`);
}

async function checkEventsTable<T extends number, ForeignId extends string | number | bigint>(
  db: DatabaseHandle,
  table: EventsTableBase<T, ForeignId> & AnyEventsTable<T>,
  foreignId: ForeignId,
): Promise<void> {
  const { config } = eventSourceOf(table);
  toDatabase(db);
  await asserted(`${table.name} can't be streamed`, () => openAndClose(db, table));
  const before = await getLatestId(db, table);
  const type = ([...(config.types ?? [1])][0] ?? 1) as T;
  const given = [undefined, ...(config.fields.metadata === undefined ? [] : [metadata])];
  const ids: (string | undefined)[] = [];
  for (const bytes of given) {
    const insert = () =>
      bytes === undefined ? table.insert(db, foreignId, type) : table.insertWithMetadata(db, foreignId, type, bytes);
    const remedy = "with a foreign key or a column without a default, give a foreign id or an inserter that suits it";
    // oxlint-disable-next-line eslint/no-await-in-loop -- the order counts
    const notify = await asserted(`an event could not be inserted into ${table.name} (${remedy})`, insert);
    ids.push(notify.eventId);
  }
  const events = await asserted(`${table.name} can't be streamed`, () => getNextEvents(db, table, before));
  const now = await serverMicros(db);
  for (const [index, bytes] of given.entries()) {
    const event = find(events, { id: ids[index], foreignId: String(foreignId), index });
    if (event === undefined) {
      throw failure(
        `an event was inserted into ${table.name}, and its streams do not deliver it: check the inserter or the loader`,
      );
    }
    assertEqual(event.foreignId, String(foreignId), `the foreign id of an event of ${table.name}`);
    assertEqual(event.type, type, `the type of an event of ${table.name}`);
    checkMetadata(table.name, event, { config, bytes });
    checkTime(table.name, event, now);
  }
}

async function openAndClose<T extends number>(db: DatabaseHandle, table: AnyEventsTable<T>): Promise<void> {
  const stream = table.stream(db, "", { fromHead: true });
  try {
    await stream.start();
  } finally {
    await stream.close();
  }
}

interface Wanted {
  /** Undefined where the inserter tells none. */
  readonly id: string | undefined;
  readonly foreignId: string;
  readonly index: number;
}

function find<T extends number>(events: readonly ReflexEvent<T>[], wanted: Wanted): ReflexEvent<T> | undefined {
  if (wanted.id !== undefined) return events.find(({ id }) => id === wanted.id);
  return events.filter(({ foreignId }) => foreignId === wanted.foreignId)[wanted.index];
}

function checkMetadata(
  name: string,
  event: ReflexEvent,
  { config, bytes }: { config: EventsTableConfig; bytes: Buffer | undefined },
): void {
  // What loaders and inserters make of it is theirs.
  if (bytes === undefined || config.loader !== undefined || config.inserter !== undefined) return;
  const found = event.metadata === undefined ? undefined : Buffer.from(event.metadata);
  const column = `column ${config.fields.metadata ?? ""} of ${name}`;
  const message = `${column} must keep bytes as they are, for example as a blob: stored ${bytes.toString()}, found ${found?.toString() ?? "none"}`;
  assertThat(isDeepStrictEqual(found, bytes), message);
}

function checkTime(name: string, event: ReflexEvent, nowMicros: number): void {
  const seconds = Math.round((event.timestampMicros - nowMicros) / 1_000_000);
  assertThat(
    Math.abs(seconds) * 1000 < mostClockErrorMs,
    `the time of an event that was just inserted into ${name} is ${seconds} s off the server's clock: let the time column hold UTC, or name its clock's zone in option storedZone`,
  );
}
