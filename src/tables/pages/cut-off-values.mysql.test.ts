import type { Pool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { allOf } from "../../../test/support/events/all-of.ts";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { makeTable } from "../../../test/support/streams/streams.ts";
import { isReflexError, type ReflexError } from "../../errors/reflex-error.ts";
import { eventSourceOf, loadEvent } from "../events/event-by-id.ts";

const PACKET_BYTES = 64 * 1024;
const LONG = 2 * PACKET_BYTES;

describeEachEngine((engine) => {
  /** A pool whose sessions have this max_allowed_packet, which only the server's own setting gives them. */
  async function withPacketLimit<R>(raw: Pool, use: (pool: EnginePool) => Promise<R>): Promise<R> {
    const [[before]] = (await raw.query("select @@global.max_allowed_packet as bytes")) as unknown as [
      [{ bytes: number }],
    ];
    await raw.query(`set global max_allowed_packet = ${PACKET_BYTES}`);
    try {
      return await use(await engine.createPool());
    } finally {
      await raw.query(`set global max_allowed_packet = ${before.bytes}`);
    }
  }

  describe("a value in a column that the server casts, longer than max_allowed_packet", () => {
    const columns = engine.vendor === "mysql" ? ["json"] : ["longtext", "json"];

    // Catches an event that is delivered without its metadata or trace, or with empty ones.
    test.each(
      columns.flatMap((type) => [
        { type, field: "metadata", options: {} },
        { type, field: "trace", options: { limit: 100_000 } },
        { type, field: "trace", options: { limit: 3 } },
      ]),
    )("ends the stream with an error that names it: $field of type $type", async ({ type, field, options }) => {
      const raw = await engine.createRawPool();
      const table = await makeTable(raw, { metadataField: "metadata", traceField: "trace", ...options });
      await raw.query(`alter table ${table.name} modify ${field} ${type}`);
      const insert = (value: string): Promise<unknown> =>
        raw.query(
          `insert into ${table.name} (foreign_id, type, timestamp, ${field}) values ('x', 1, utc_timestamp(6), ?)`,
          [value],
        );
      await insert("[1]");
      await insert(JSON.stringify("a".repeat(LONG)));
      await insert(JSON.stringify(""));
      await withPacketLimit(raw, async (pool) => {
        // No event comes without its values.
        const isTold = (error: unknown): boolean => {
          if (!isReflexError(error, "wrong_schema")) return false;
          const { message, details } = error as ReflexError;
          return (
            details["table"] === table.name &&
            details["eventId"] === "2" &&
            // MySQL does not tell how long the text of a JSON is that it can't make.
            (engine.vendor === "mysql" || details["bytes"] === LONG + 2) &&
            message.includes(`the ${field} of row 2 of ${table.name}`) &&
            message.includes("max_allowed_packet")
          );
        };
        await expect(allOf(table.stream(pool, "", { toHead: true }))).rejects.toSatisfy(isTold);
        await expect(loadEvent(pool, { source: eventSourceOf(table), id: "2" })).rejects.toSatisfy(isTold);
      });
      const events = await allOf(table.stream(raw, "", { toHead: true }));
      expect(events.map((event) => event[field as "trace"]?.byteLength)).toEqual([3, LONG + 2, 2]);
    });
  });
});
