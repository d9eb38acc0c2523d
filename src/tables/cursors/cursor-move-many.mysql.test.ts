import { describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { type CursorSetting, cursorSettings } from "../../../test/support/tables/cursor-setting.ts";

const BEYOND_DOUBLE = 2n ** 53n;
const consumers = Array.from({ length: 40 }, (_, index) => `consumer ${String(index).padStart(2, "0")}`);

/** The cursors that `at` gives by the consumer's number. */
function cursorsAt(at: (index: number) => bigint | number): Record<string, string> {
  return Object.fromEntries(consumers.map((consumer, index) => [consumer, String(at(index))]));
}

async function setAll({ table, db }: CursorSetting, cursors: Record<string, string>): Promise<void> {
  for (const [consumer, cursor] of Object.entries(cursors)) await table.setCursor(db, consumer, cursor);
}

describeEachEngine((engine) => {
  const setUp = cursorSettings(engine);

  async function written(): Promise<CursorSetting> {
    const setting = await setUp();
    await setAll(
      setting,
      cursorsAt((index) => index + 1),
    );
    await setting.table.flush();
    setting.watched.writes.splice(0);
    return setting;
  }

  describe("many cursors that are moved by one statement", () => {
    // Catches ids beyond 2^53 that are compared or carried as floating-point numbers.
    test("are exact to the largest id", async () => {
      const setting = await written();
      const beyond = cursorsAt((index) => BEYOND_DOUBLE + BigInt(index));
      await setAll(setting, beyond);
      await setting.table.flush();
      const last = {
        ...cursorsAt((index) => BEYOND_DOUBLE + BigInt(index + 1)),
        "consumer 00": String(2n ** 63n - 1n),
      };
      await setAll(setting, last);
      await setting.table.flush();
      expect(await setting.stored()).toEqual(last);
      expect(setting.watched.writes).toHaveLength(2);
      expect(new Set(setting.watched.writes).size).toBe(1);
    });

    test("leave those that someone else has moved, even by one beyond 2^53, or removed", async () => {
      const setting = await written();
      const { table, raw, db, stored } = setting;
      await setAll(
        setting,
        cursorsAt(() => BEYOND_DOUBLE),
      );
      await table.flush();
      await raw.query(`update ${table.name} set last_event_id = ${BEYOND_DOUBLE + 1n} where id = 'consumer 03'`);
      await raw.query(`delete from ${table.name} where id = 'consumer 07'`);
      await setAll(
        setting,
        cursorsAt(() => BEYOND_DOUBLE + 5n),
      );
      await table.flush();
      const expected: Record<string, string | undefined> = {
        ...cursorsAt(() => BEYOND_DOUBLE + 5n),
        "consumer 03": String(BEYOND_DOUBLE + 1n),
      };
      delete expected["consumer 07"];
      expect(await stored()).toEqual(expected);
      for (const consumer of ["consumer 03", "consumer 07"]) {
        const next = table.setCursor(db, consumer, String(BEYOND_DOUBLE + 9n));
        await expect(next).rejects.toMatchObject({ code: "cursor_not_advanced" });
      }
    });

    // Catches a plan that reads the whole table, and so waits for locks on rows that are not asked for.
    test("wait for no lock on another row", async () => {
      const setting = await written();
      const { table, raw, stored, db } = setting;
      await table.setCursor(db, "another", "1");
      await table.flush();
      const locker = await raw.getConnection();
      await locker.query("start transaction");
      await locker.query(`select * from ${table.name} where id = 'another' for update`);
      const later = cursorsAt((index) => index + 100);
      await setAll(setting, later);
      await table.flush({ timeoutMs: 5000 });
      await locker.query("rollback");
      locker.release();
      expect(await stored()).toEqual({ ...later, another: "1" });
    });

    test("have names that are text of any kind", async () => {
      const { table, db, stored } = await setUp();
      const names = [`"quoted" \\ 'text'`, "ä 😀 \u0001", "[1,2]", "null", "x".repeat(255), ...consumers];
      for (const cursor of ["1", "2"]) {
        for (const name of names) await table.setCursor(db, name, cursor);
        await table.flush();
      }
      expect(await stored()).toEqual(Object.fromEntries(names.map((name) => [name, "2"])));
    });

    test("are written in a table whose names have another collation, and in one of bytes", async () => {
      for (const type of ["varchar(255) character set latin1", "varbinary(255)"]) {
        const setting = await written();
        const { table, raw, stored } = setting;
        await raw.query(`alter table ${table.name} modify id ${type} not null`);
        // A clone looks at the columns anew; the table goes on with the statement that it has.
        for (const [from, cursors] of [table, table.clone()].entries()) {
          const moved = cursorsAt((index) => index + 100 * (from + 1));
          await setAll({ ...setting, table: cursors }, moved);
          await cursors.flush();
          expect(await stored()).toEqual(moved);
        }
      }
    });
  });
});
