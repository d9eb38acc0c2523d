import { randomBytes } from "node:crypto";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { isReflexError } from "../../errors/reflex-error.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";
import type { ErrorsTable } from "../../tables/errors/errors-table.ts";
import type { EventsTable } from "../../tables/events-table.ts";
import { describeTable } from "../../tables/schema/table-columns.ts";
import { assertEqual, asserted, assertThat } from "./assertions.ts";
import { checkTable } from "./check-table.ts";
import { getLatestId, getNextEvents } from "./read-events.ts";
import { removeRowsOf, thenRemove } from "./remove-rows.ts";

/**
 * Checks that an errors table exists as its options say and works: its schema, an error that is recorded, listed, recorded
 * again under its id and resolved, and its event, if there is a table of them. For a test of your migrations.
 *
 * It uses a consumer with a made-up name and deletes its rows at its end. Events are never deleted: three remain in
 * `<table>_events`. A table of events that does not exist, as with an `eventInserter`, is left out.
 * @throws AssertionError that tells what is wrong with the table.
 * @example
 * test("the migrations make a table for errors", () => testErrorsTable(pool, new ErrorsTable()));
 */
export async function testErrorsTable<RecordOnly extends boolean = false>(
  db: DatabaseHandle,
  table: ErrorsTable<RecordOnly>,
): Promise<void> {
  toDatabase(db);
  checkTable("ErrorsTable", table);
  const consumer = `rsql-test-${randomBytes(8).toString("hex")}`;
  const check = (): Promise<void> => asserted(`${table.name} can't be used`, () => checkErrors(db, table, consumer));
  await thenRemove(check, () => removeRowsOf(consumer, db, table.name));
}

async function checkErrors<RecordOnly extends boolean>(
  db: DatabaseHandle,
  table: ErrorsTable<RecordOnly>,
  consumer: string,
): Promise<void> {
  const { events } = table as ErrorsTable<boolean>;
  await table.list(db, { consumer });
  const before = events !== undefined && (await exists(db, events)) ? await getLatestId(db, events) : undefined;
  const record = table.toErrorInserter(db);
  const id = await record({ consumer, eventId: "1", message: "first" });
  const other = await record({ consumer, eventId: "9223372036854775807", message: "another event" });
  assertThat(id !== other, `the errors of two events must have ids of their own, found ${id} twice`);
  const again = await record({ consumer, eventId: "1", message: "second" });
  assertEqual(again, id, `the id of an error that is recorded again in ${table.name}`);
  const status = ErrorStatus.Recorded;
  const found = await table.list(db, { consumer, status });
  const facts = found.map((error) => [error.eventId, error.message, error.status]);
  const expected = [
    ["1", "second", status],
    ["9223372036854775807", "another event", status],
  ];
  assertEqual(facts, expected, `the errors in ${table.name}, each with its event, message and status,`);
  await table.resolve(db, id);
  const [resolved] = await table.list(db, { consumer, status: ErrorStatus.Resolved });
  assertEqual(resolved?.id, id, `the error of ${table.name} that is resolved`);
  if (events !== undefined && before !== undefined) await checkEvents(db, events, { before, ids: [id, other] });
}

async function checkEvents(
  db: DatabaseHandle,
  table: Pick<EventsTable, "name"> & Parameters<typeof getNextEvents>[1],
  { before, ids }: { before: string; ids: readonly string[] },
): Promise<void> {
  const found = await getNextEvents(db, table, before);
  for (const id of ids) {
    const event = found.find(({ foreignId }) => foreignId === id);
    assertThat(event !== undefined, `${table.name} must have an event of the error ${id} that was recorded`);
  }
}

async function exists(db: DatabaseHandle, { name }: Pick<EventsTable, "name">): Promise<boolean> {
  try {
    await describeTable(toDatabase(db), name, {});
    return true;
  } catch (error) {
    if (isReflexError(error, "wrong_schema")) return false;
    throw error;
  }
}
