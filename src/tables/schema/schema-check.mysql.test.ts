import { beforeAll, describe, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { CursorsTable } from "../cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../cursors/cursors-table-options.ts";
import { errorsTableSchema } from "../errors/errors-table-schema.ts";
import type { EventsTableOptions } from "../events/events-table-options.ts";
import { EventsTable } from "../events-table.ts";
import { createTables, schemaSql } from "./table-schema.ts";

describeEachServer((engine) => {
  let pool: DatabaseHandle;
  let raw: Awaited<ReturnType<Engine["createRawPool"]>>;

  beforeAll(async () => {
    pool = (await engine.createPool()) as DatabaseHandle;
    raw = await engine.createRawPool({ multipleStatements: true });
  });

  async function start(name: string, options: EventsTableOptions = {}): Promise<string> {
    const stream = new EventsTable(name, options).stream(pool, "");
    try {
      return await stream.start();
    } finally {
      await stream.close();
    }
  }

  function getCursor(name: string, options: CursorsTableOptions = {}): Promise<string> {
    return new CursorsTable(name, options).getCursor(pool, "a");
  }

  describe("tables of ours", () => {
    test("pass the checks, made by createTables, twice, or by the text run by hand", async () => {
      const made = [
        new EventsTable("made_events", { metadataField: "metadata" }),
        new CursorsTable("made_cursors"),
        errorsTableSchema({ tableName: "made_errors" }),
      ];
      await createTables(pool, made);
      await new CursorsTable("made_cursors", { asyncPeriodMs: 0 }).setCursor(pool, "a", "7");
      await createTables(pool, made);
      expect(await getCursor("made_cursors")).toBe("7");
      await raw.query(
        schemaSql("mysql", [
          new EventsTable("text_events", { timeColumn: "timestamp" }),
          new CursorsTable("text_cursors"),
        ]),
      );
      expect(await start("text_events", { timeColumn: "timestamp" })).toBe("0");
      expect(await getCursor("text_cursors")).toBe("");
      for (const name of ["made_events", "made_errors_events"])
        expect(await start(name, { metadataField: "metadata" })).toBe("0");
    });

    test("hold every character though the database's default is latin1", async () => {
      const name = `${engine.database}_latin`;
      await raw.query(`create database ${name} character set latin1`);
      try {
        const events = new EventsTable(`${name}.events`);
        const cursors = new CursorsTable(`${name}.cursors`, { cursorType: "string", asyncPeriodMs: 0 });
        await createTables(pool, [events, cursors, errorsTableSchema({ tableName: `${name}.errors` })]);
        await events.insert(pool, "😀", 1);
        await cursors.setCursor(pool, "😀", "😁");
        expect(await cursors.clone().getCursor(pool, "😀")).toBe("😁");
        await raw.query(
          `insert into ${name}.errors (consumer, event_id, msg, created_at, updated_at) values ('😀', 1, '😂', now(6), now(6))`,
        );
        const [rows] = await raw.query(
          `select e.foreign_id, r.consumer, r.msg from ${name}.events e join ${name}.errors r`,
        );
        expect(rows).toEqual([{ foreign_id: "😀", consumer: "😀", msg: "😂" }]);
      } finally {
        await raw.query(`drop database ${name}`);
      }
    });

    test("an errors table has one row a consumer and event", async () => {
      const schema = errorsTableSchema({
        tableName: "renamed_errors",
        consumerField: "who",
        eventIdField: "event",
        messageField: "error_msg",
      });
      await createTables(pool, [schema]);
      const insert = (who: string, event: number): Promise<unknown> =>
        raw.query(
          `insert into renamed_errors (who, event, error_msg, created_at, updated_at) values ('${who}', ${event}, 'x', now(6), now(6))`,
        );
      await insert("a", 1);
      await insert("a", 2);
      await insert("A", 1);
      await expect(insert("a", 1)).rejects.toMatchObject({ errno: 1062 });
    });

    test("the time of an event in a timestamp column stays when its row is changed, whatever the server's habit", async () => {
      const [text] = [
        schemaSql("mysql", [new EventsTable("stamped", { timeColumn: "timestamp", metadataField: "metadata" })]),
      ];
      await raw.query(
        `set session explicit_defaults_for_timestamp = 0; ${text} set session explicit_defaults_for_timestamp = default`,
      );
      const [rows] = await raw.query(
        "select extra from information_schema.columns where table_schema = database() and table_name = 'stamped' and column_name = 'timestamp'",
      );
      expect(JSON.stringify(rows)).not.toMatch(/on update/i);
    });
  });

  describe("a cursors table", () => {
    test.each([
      [
        "id varchar(255), last_event_id bigint, updated_at datetime",
        "int",
        "column id is varchar(255) and must be the primary key or unique",
      ],
      [
        "id varchar(255), last_event_id bigint, updated_at datetime, key (id)",
        "int",
        "column id is varchar(255) and must be the primary key or unique",
      ],
      [
        "id varchar(255), last_event_id bigint, updated_at datetime, tenant int, primary key (id, tenant)",
        "int",
        "column id is varchar(255) and must be the primary key or unique",
      ],
      [
        "id varchar(255), last_event_id bigint, updated_at datetime, unique (id(10))",
        "int",
        "column id is varchar(255) and must be the primary key or unique",
      ],
      [
        "id int primary key, last_event_id bigint, updated_at datetime",
        "int",
        "must be text, for example varchar(255)",
      ],
      [
        "id varchar(255) primary key, last_event_id double, updated_at datetime",
        "int",
        "column last_event_id is double and must be bigint",
      ],
      [
        "id varchar(255) primary key, last_event_id bigint, updated_at datetime",
        "string",
        "and must be text, for example varchar(255)",
      ],
      [
        "id varchar(255) primary key, cursor_id bigint, updated_at datetime",
        "int",
        "it has no column last_event_id: add it, or name the right one in option cursorField",
      ],
    ] as const)("of (%s) is refused for %s cursors", async (columns, cursorType, problem) => {
      const name = newTableName();
      await raw.query(`create table ${name} (${columns})`);
      await expect(getCursor(name, { cursorType })).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringContaining(problem),
      });
    });

    test.each(["varchar(20)", "int unsigned", "bigint"])(
      "may keep int cursors in a column of type %s, and its names under any unique key",
      async (type) => {
        const name = newTableName();
        await raw.query(
          `create table ${name} (n int primary key auto_increment, id varchar(255) not null unique, last_event_id ${type} not null, updated_at datetime not null)`,
        );
        const table = new CursorsTable(name, { asyncPeriodMs: 0 });
        await table.setCursor(pool, "a", "9");
        await table.setCursor(pool, "a", "10");
        expect(await table.getCursor(pool, "a")).toBe("10");
      },
    );

    test("that is missing, of another engine, or a view is refused with what to do", async () => {
      const [missing, other, view] = [newTableName(), newTableName(), newTableName()];
      await expect(getCursor(missing)).rejects.toMatchObject({
        code: "wrong_schema",
        message: `table ${missing} does not exist, or this user may not see it: create it with createTables(db, [table]), or in a migration with schemaSql()`,
      });
      await raw.query(
        `create table ${other} (id varchar(200) primary key, last_event_id bigint, updated_at datetime) engine=MyISAM`,
      );
      await expect(getCursor(other)).rejects.toThrow(
        `table ${other} can't be used: its engine must be InnoDB, which rolls back, found MyISAM`,
      );
      await raw.query(`create view ${view} as select * from ${other}`);
      await expect(getCursor(view)).rejects.toThrow("found a view");
    });
  });

  describe("an events table", () => {
    const good = { id: "bigint primary key auto_increment", time: "datetime(6)", type: "int", rest: "" };

    async function create(change: Partial<typeof good>): Promise<string> {
      const name = newTableName();
      const { id, time, type, rest } = { ...good, ...change };
      await raw.query(
        `create table ${name} (id ${id}, foreign_id varchar(255) not null, timestamp ${time} not null, type ${type} not null${rest})`,
      );
      return name;
    }

    test.each([
      [{ id: "bigint primary key" }, "column id is bigint", "must be auto_increment"],
      [{ id: "bigint auto_increment", rest: ", key (id)" }, "column id is bigint", "must be the primary key"],
      // Two rows could have one id, so that no insert would prove an id to be unused.
      [
        { id: "bigint auto_increment", rest: ", primary key (id, type)" },
        "column id is bigint",
        "must be the primary key",
      ],
      [{ type: "varchar(10)" }, "column type is varchar(10)", "must be an integer"],
      [{ time: "datetime" }, "column timestamp is datetime", "must be datetime(6)"],
      [{ time: "datetime(3)" }, "column timestamp is datetime(3)", "must be datetime(6)"],
      [{ time: "timestamp(6)" }, "column timestamp is timestamp(6)", "name its type in option timeColumn"],
    ])("with %j is refused", async (change, found, remedy) => {
      const name = await create(change);
      const failure = start(name);
      await expect(failure).rejects.toMatchObject({ code: "wrong_schema" });
      for (const part of [`table ${name} `, found, remedy]) await expect(failure).rejects.toThrow(part);
    });

    test.each([
      ["datetime", "timestamp(6)"],
      ["timestamp", "datetime(6)"],
    ] as const)("declared with timeColumn %s is refused with %s, and passes with its own", async (timeColumn, time) => {
      const name = await create({ time });
      await expect(start(name, { timeColumn })).rejects.toThrow(
        `column timestamp is ${time} and must be ${timeColumn}`,
      );
      expect(await start(await create({ time: timeColumn }), { timeColumn })).toBe("0");
    });

    test("without a column that an option names is refused", async () => {
      await expect(start(await create({}), { metadataField: "meta" })).rejects.toThrow(
        "it has no column meta: add it, or name the right one in option metadataField",
      );
    });
  });
});
