import type { Pool } from "mysql2/promise";
import { type EventsTable, type EventsTableOptions, isReflexError } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { eventIds, leaveGap, noopIds } from "../../support/streams/gaps.ts";
import { makeTable, rest } from "../../support/streams/streams.ts";

interface Refusal {
  readonly name: string;
  /** What is done to the table, whose name replaces T. */
  readonly change: readonly string[];
  /** What the server says, in its own words. */
  readonly words: RegExp;
  /** Values with which the noop goes in, if there are any. */
  readonly noopValues?: EventsTableOptions["gaps"];
}

const parent = ["create table T_parent (id varchar(255) character set utf8mb4 collate utf8mb4_bin primary key)"];

const refusals: readonly Refusal[] = [
  {
    name: "a second unique key, whose value another noop has",
    change: [
      "alter table T add unique key once (foreign_id)",
      "insert into T (id, foreign_id, timestamp, type) values (1, '0', utc_timestamp(6), 0)",
    ],
    words: /Duplicate entry '0' for key .*once/,
    noopValues: { noopValues: { foreign_id: "another" } },
  },
  {
    name: "a check",
    change: ["alter table T add constraint T_no_zero check (foreign_id <> '0')"],
    words: /no_zero/,
    noopValues: { noopValues: { foreign_id: "none" } },
  },
  {
    name: "a check on the type, which no value satisfies",
    change: ["alter table T add constraint T_typed check (type > 0)"],
    words: /typed/,
  },
  {
    name: "a foreign key",
    change: [
      ...parent,
      "insert into T_parent values ('kept'), ('rolled back'), ('nobody')",
      "alter table T add constraint T_to_parent foreign key (foreign_id) references T_parent (id)",
    ],
    words: /foreign key constraint fails/,
    noopValues: { noopValues: { foreign_id: "nobody" } },
  },
  {
    name: "a trigger that signals",
    change: [
      "create trigger T_strict before insert on T for each row begin if new.type = 0 then signal sqlstate '45000' set message_text = 'nothing is no event'; end if; end",
    ],
    words: /nothing is no event/,
  },
];

describeEachServer((engine) => {
  describe("a gap whose noop the table refuses", () => {
    // Catches one that takes any duplicate key for "someone was faster" and polls for ever, in silence.
    test.each(refusals)("ends the stream with the server's own words: $name", async ({ change, words }) => {
      const { pool, table } = await changedTable(engine, change);
      await leaveGap(pool, table);
      await table.insert(pool, "kept", 1);
      const stream = table.stream(pool, "", { toHead: true });
      const error: unknown = await rest(stream).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "gap_unfillable", details: { table: table.name } });
      expect(String(error)).toMatch(words);
      expect(String(error)).toContain("gaps.noopValues");
      // Catches one whose cursor has passed the gap by the time it throws.
      const [lastEvent] = (await eventIds(pool, table)).slice(-1);
      expect(BigInt(stream.position)).toBeLessThan(BigInt(lastEvent ?? 0) - 1n);
    });

    test.each(refusals.filter(({ noopValues }) => noopValues !== undefined))(
      "closes it with the values that the user names: $name",
      async ({ change, noopValues }) => {
        const { pool, table } = await changedTable(engine, change, { gaps: noopValues });
        await leaveGap(pool, table);
        await table.insert(pool, "kept", 1);
        // The noop that the set-up made by hand has the usual foreign id, which no longer marks a noop of this table.
        const delivered = await rest(table.stream(pool, "", { toHead: true }));
        expect(delivered.at(-1)).toBe((await eventIds(pool, table)).at(-1));
        expect(delivered).not.toContain((await noopIds(pool, table)).at(-1));
      },
    );

    // Catches values of one stream that are inserted but not known again: its own noop would be delivered as an event.
    test("closes it with the values that one stream names, and leaves that noop out", async () => {
      const { pool, table } = await changedTable(engine, [
        "alter table T add constraint T_no_zero check (foreign_id <> '0')",
      ]);
      await leaveGap(pool, table);
      await table.insert(pool, "kept", 1);
      const gaps = { noopValues: { foreign_id: "none" } };
      expect(await rest(table.stream(pool, "", { toHead: true, gaps }))).toEqual(["2"]);
    });
  });

  describe("a gap in a table with columns of its own", () => {
    // Catches a plain insert, which error 1364 refuses.
    test("is closed though a column has neither null nor a default", async () => {
      const { pool, table } = await changedTable(engine, ["alter table T add column region varchar(10) not null"]);
      await pool.query(`alter table ${table.name} alter column region set default 'eu'`);
      await leaveGap(pool, table);
      await table.insert(pool, "kept", 1);
      await pool.query(`alter table ${table.name} alter column region drop default`);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["2"]);
      expect(await noopIds(pool, table)).toEqual(["1"]);
    });

    // MariaDB refuses the implicit default of JSON, which is no JSON; MySQL takes its own, a JSON null.
    test("is closed, or refused in the server's words, when a JSON column may not be null", async () => {
      const { pool, table } = await changedTable(engine, ["alter table T add column payload json not null"]);
      await pool.query(
        `insert into ${table.name} (id, foreign_id, timestamp, type, payload) values (2, 'kept', utc_timestamp(6), 1, '{}')`,
      );
      const ended: unknown = await rest(table.stream(pool, "", { toHead: true })).catch((error: unknown) => error);
      if (isReflexError(ended)) {
        expect(ended.code).toBe("gap_unfillable");
        expect(ended.message).toContain("payload");
      } else expect(ended).toEqual(["2"]);
      const withValue = table.clone({ gaps: { noopValues: { payload: '{"noop":true}' } } });
      expect(await rest(withValue.stream(pool, "", { toHead: true }))).toEqual(["2"]);
      expect(await noopIds(pool, table)).toEqual(["1"]);
    });

    // Catches a statement with more placeholders than a server prepares (65 535): a large gap would be unfillable.
    test("is closed whatever the number of columns that noops are given values for", async () => {
      const names = Array.from({ length: 8 }, (_, index) => `extra_${index}`);
      const { pool, table } = await changedTable(
        engine,
        [`alter table T ${names.map((name) => `add column ${name} int null`).join(", ")}`],
        { gaps: { noopValues: Object.fromEntries(names.map((name) => [name, 1])) } },
      );
      await pool.query(`alter table ${table.name} auto_increment = 9001`);
      await table.insert(pool, "kept", 1);
      expect(await rest(table.stream(pool, "0", { toHead: true, firstId: "1" }))).toEqual(["9001"]);
      expect(await noopIds(pool, table)).toHaveLength(9000);
    });
  });

  describe("an insert that violates a second unique key", () => {
    // Catches one that takes it for a lost id and tries again: each try burns an id, and the fourth error is the same.
    test.each(["order 1", "x' for key 'PRIMARY", "T.PRIMARY'"])(
      "is the caller's error at once, for the value %j",
      async (foreignId) => {
        const { pool, table } = await changedTable(engine, ["alter table T add unique key once (foreign_id)"]);
        await table.insert(pool, foreignId, 1);
        await expect(table.insert(pool, foreignId, 1)).rejects.toMatchObject({
          code: "database_error",
          cause: { errno: 1062 },
        });
        expect((await table.insert(pool, "another", 1)).eventId).toBe("3");
      },
    );
  });
});

async function changedTable(
  engine: Engine,
  change: readonly string[],
  options: EventsTableOptions = {},
): Promise<{ pool: Pool; table: EventsTable }> {
  const pool = await engine.createRawPool();
  const table = await makeTable(pool, options);
  for (const statement of change) await pool.query(statement.replaceAll(/\bT(?=\b|_)/g, table.name));
  return { pool, table };
}
