import { describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { makeTable, takeEvents } from "../../../test/support/streams/streams.ts";

const TEXT = '{"é": "☃"}';

describeEachEngine((engine) => {
  describe("a column that is changed under a stream", () => {
    test.each([
      ["metadata", "text character set utf8mb4"],
      ["metadata", "json"],
      ["metadata", "varbinary(200)"],
      ["metadata", "char(200) character set utf8mb4"],
      ["trace", "text character set utf8mb4"],
      ["trace", "json"],
    ])("of %s to %s still gives bytes, and undefined for none", async (field, type) => {
      const pool = await engine.createRawPool({ connectionLimit: 2 });
      const db = await engine.createPool({ connectionLimit: 4 });
      let trace: Buffer | undefined = Buffer.from(TEXT);
      const table = await makeTable(db, { metadataField: "metadata", traceField: "trace", trace: () => trace });
      const stream = table.stream(db, "");
      await table.insertWithMetadata(db, "before", 1, TEXT);
      const [before] = await takeEvents(stream, 1);
      // MySQL makes JSON of text, and not of bytes.
      if (type === "json")
        await pool.query(`alter table ${table.name} modify ${field} text character set utf8mb4 null`);
      await pool.query(`alter table ${table.name} modify ${field} ${type} null`);
      trace = undefined;
      await pool.query(`insert into ${table.name} (foreign_id, type, timestamp) values ('none', 1, utc_timestamp(6))`);
      await pool.query(
        `insert into ${table.name} (foreign_id, type, timestamp, metadata, trace) values ('after', 1, utc_timestamp(6), ?, ?)`,
        [TEXT, TEXT],
      );
      const [none, after] = await takeEvents(stream, 2);
      expect(none).toMatchObject({ metadata: undefined, trace: undefined });
      for (const event of [before, after]) {
        for (const bytes of [event?.metadata, event?.trace]) {
          expect(bytes).toBeInstanceOf(Uint8Array);
          expect(Buffer.from(bytes ?? []).toString()).toBe(TEXT);
        }
      }
      await stream.close();
      await Promise.all([pool.end(), db.end()]);
    });

    test("of foreign ids to bytes still gives text", async () => {
      const db = await engine.createPool({ connectionLimit: 4 });
      const table = await makeTable(db);
      const stream = table.stream(db, "");
      await table.insert(db, "é1", 1);
      await takeEvents(stream, 1);
      const pool = await engine.createRawPool({ connectionLimit: 1 });
      await pool.query(`alter table ${table.name} modify foreign_id varbinary(200) not null`);
      await table.insert(db, "é2", 1);
      expect((await takeEvents(stream, 1)).map(({ foreignId }) => foreignId)).toEqual(["é2"]);
      await stream.close();
      await Promise.all([pool.end(), db.end()]);
    });
  });
});
