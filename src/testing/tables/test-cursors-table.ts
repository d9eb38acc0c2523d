import { randomBytes } from "node:crypto";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { isReflexError } from "../../errors/reflex-error.ts";
import { showError } from "../../errors/show-error.ts";
import type { CursorStore } from "../../reflex/cursor-store.ts";
import type { CursorsTable } from "../../tables/cursors/cursors-table.ts";
import { assertEqual, asserted, assertThat, rejectionOf } from "./assertions.ts";
import { checkTable } from "./check-table.ts";
import { removeRowsOf, thenRemove } from "./remove-rows.ts";

/**
 * Checks that a cursors table exists as its options say and works: its schema, a cursor that is set, read, advanced and
 * flushed, one that is refused because it does not advance, exact names, and cursors up to 2^63-1. For a test of your
 * migrations. It uses consumers with made-up names and deletes their rows at its end, so that nothing remains.
 * @throws AssertionError that tells what is wrong with the table.
 * @example
 * test("the migrations make a table for cursors", () => testCursorsTable(pool, cursors));
 */
export async function testCursorsTable(db: DatabaseHandle, table: CursorsTable): Promise<void> {
  toDatabase(db);
  checkTable("CursorsTable", table);
  const consumer = `rsql-test-${randomBytes(8).toString("hex")}`;
  const names = [consumer, consumer.toUpperCase()];
  const remove = async (): Promise<void> => {
    for (const name of names) await removeRowsOf(name, db, table.name);
  };
  await thenRemove(() => asserted(`${table.name} can't be used`, () => checkCursors(db, table, names)), remove);
}

async function checkCursors(db: DatabaseHandle, table: CursorsTable, names: readonly string[]): Promise<void> {
  const [consumer = "", namesake = ""] = names;
  const open = (asyncPeriodMs: number): CursorStore => table.clone({ asyncPeriodMs }).toStore(db);
  const [atOnce, heldBack] = [open(0), open(3_600_000)];
  const expectCursor = async (name: string, expected: string): Promise<void> => {
    assertEqual(await open(0).getCursor(name), expected, `a cursor of ${table.name}`);
  };
  await expectCursor(consumer, "");
  await atOnce.setCursor(consumer, "1");
  await expectCursor(consumer, "1");
  await expectRefusal(atOnce, consumer, "1");
  await atOnce.setCursor(consumer, "2");
  await expectRefusal(atOnce, consumer, "1");
  await heldBack.setCursor(consumer, "3");
  await heldBack.flush();
  await expectCursor(consumer, "3");
  await expectCursor(namesake, "");
  await atOnce.setCursor(namesake, "1");
  await expectCursor(consumer, "3");
  await heldBack.setCursor(consumer, "9223372036854775807");
  await heldBack.flush();
  await expectCursor(consumer, "9223372036854775807");
}

async function expectRefusal(store: CursorStore, consumer: string, cursor: string): Promise<void> {
  const what = "a cursor that does not advance";
  const error = await rejectionOf(store.setCursor(consumer, cursor), what);
  const refused = isReflexError(error, "cursor_not_advanced");
  assertThat(refused, `${what} must be refused, found ${showError(error)}`);
}
