import { beforeAll, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../../test/support/servers/engines.ts";
import { newErrorsTable, rowCount } from "../../../test/support/tables/new-tables.ts";
import { ErrorsTable } from "./errors-table.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "oh no" };

describeEachServer((engine) => {
  let lax: Awaited<ReturnType<Engine["createRawPool"]>>;

  beforeAll(async () => {
    lax = await engine.createRawPool({ connectionLimit: 4 });
    lax.pool.on("connection", (connection) => void connection.query("set sql_mode = ''"));
  });

  test("what an inserter of the user's own stores changed outside of strict mode is refused and rolled back", async () => {
    const made = await newErrorsTable(lax);
    await lax.query(`alter table ${made.name} add code varchar(3)`);
    const errors = new ErrorsTable({
      tableName: made.name,
      inserter: async (tx, { consumer, eventId, message, status }) => {
        const columns = "consumer, event_id, msg, status, code, created_at, updated_at";
        const values = "?, ?, ?, ?, ?, utc_timestamp(6), utc_timestamp(6)";
        const params = [consumer, eventId, message, status, "E-17"];
        return (await tx.run(`insert into ${made.name} (${columns}) values (${values})`, params)).insertId;
      },
    });
    await expect(errors.toErrorInserter(lax)(FAILED)).rejects.toMatchObject({
      code: "value_changed",
      message: expect.stringMatching(/column code/),
    });
    expect(await rowCount(lax, made.name)).toBe(0);
  });

  test("an event of an error whose id its column can't hold is refused, and the error with it", async () => {
    const errors = await newErrorsTable(lax);
    await lax.query(`alter table ${errors.name} auto_increment = 1000`);
    await lax.query(`alter table ${errors.name}_events modify foreign_id varchar(3) not null`);
    await expect(errors.toErrorInserter(lax)(FAILED)).rejects.toMatchObject({ code: "value_changed" });
    expect(await rowCount(lax, errors.name)).toBe(0);
  });

  // A strict server refuses to count on, so that the failure could not be recorded any more.
  test.each(["strict", "lax"])(
    "attempts that their column can't count stay at its largest, in mode %s",
    async (mode) => {
      const db = mode === "lax" ? lax : await engine.createRawPool({ connectionLimit: 2 });
      const errors = await newErrorsTable(db);
      await lax.query(`alter table ${errors.name} modify attempts tinyint null`);
      const record = errors.toErrorInserter(db);
      const id = await record(FAILED);
      await lax.query(`update ${errors.name} set attempts = 126`);
      for (let attempt = 0; attempt < 3; attempt++) expect(await record(FAILED)).toBe(id);
      expect(await errors.list(db)).toMatchObject([{ id, attempts: 127 }]);
    },
  );
});
