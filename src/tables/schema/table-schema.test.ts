import { describe, expect, test } from "vitest";
import { openSqlite } from "../../../test/support/databases/sqlite-handle.ts";
import { CursorsTable } from "../cursors/cursors-table.ts";
import { errorsTableSchema } from "../errors/errors-table-schema.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";
import { createTables, schemaSql } from "./table-schema.ts";

const events = new EventsTable("order_events", { metadataField: "metadata", traceField: "trace" });
const ints = new EventsTableInt("app.int_events", { timeColumn: "timestamp" });
const cursors = new CursorsTable("cursors");
const pages = new CursorsTable("pages", {
  cursorType: "string",
  idField: "name",
  cursorField: "page",
  timeField: "at",
});

describe("schemaSql", () => {
  test("for MySQL says all that the server's defaults would decide", () => {
    expect(schemaSql("mysql", [events, ints, cursors, pages])).toMatchInlineSnapshot(`
      "create table if not exists \`order_events\` (
        \`id\` bigint not null auto_increment primary key,
        \`foreign_id\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`timestamp\` datetime(6) not null,
        \`type\` int not null default 0,
        \`metadata\` mediumblob null,
        \`trace\` blob null
      ) engine=InnoDB default charset=utf8mb4;

      create table if not exists \`app\`.\`int_events\` (
        \`id\` bigint not null auto_increment primary key,
        \`foreign_id\` bigint not null,
        \`timestamp\` timestamp(6) default current_timestamp(6) not null,
        \`type\` int not null default 0
      ) engine=InnoDB default charset=utf8mb4;

      create table if not exists \`cursors\` (
        \`id\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null primary key,
        \`last_event_id\` bigint not null,
        \`updated_at\` datetime(6) not null,
        \`position\` varchar(255) character set utf8mb4 collate utf8mb4_bin null,
        \`fence\` bigint null,
        \`owner\` varchar(255) character set utf8mb4 collate utf8mb4_bin null,
        \`generation\` bigint null,
        \`request\` text character set utf8mb4 collate utf8mb4_bin null,
        \`table_name\` varchar(255) character set utf8mb4 collate utf8mb4_bin null
      ) engine=InnoDB default charset=utf8mb4;

      create table if not exists \`cursor_changes\` (
        \`id\` bigint not null auto_increment primary key,
        \`cursors_table\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`consumer\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`kind\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`cursor_from\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`cursor_to\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`asked_by\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`reason\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`outcome\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`asked_at\` datetime(6) not null,
        \`answered_at\` datetime(6) null
      ) engine=InnoDB default charset=utf8mb4;

      create table if not exists \`pages\` (
        \`name\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null primary key,
        \`page\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`at\` datetime(6) not null,
        \`position\` varchar(255) character set utf8mb4 collate utf8mb4_bin null,
        \`fence\` bigint null,
        \`owner\` varchar(255) character set utf8mb4 collate utf8mb4_bin null,
        \`generation\` bigint null,
        \`request\` text character set utf8mb4 collate utf8mb4_bin null,
        \`table_name\` varchar(255) character set utf8mb4 collate utf8mb4_bin null
      ) engine=InnoDB default charset=utf8mb4;
      "
    `);
  });

  test("for SQLite never gives an id twice", () => {
    expect(schemaSql("sqlite", [events, ints, cursors, pages])).toMatchInlineSnapshot(`
      "create table if not exists "order_events" (
        "id" integer primary key autoincrement,
        "foreign_id" text not null,
        "timestamp" text not null,
        "type" integer not null default 0,
        "metadata" blob null,
        "trace" blob null
      );

      create table if not exists "app"."int_events" (
        "id" integer primary key autoincrement,
        "foreign_id" integer not null,
        "timestamp" text not null,
        "type" integer not null default 0
      );

      create table if not exists "cursors" (
        "id" text not null primary key,
        "last_event_id" integer not null,
        "updated_at" text not null,
        "position" text null,
        "fence" integer null,
        "owner" text null,
        "generation" integer null,
        "request" text null,
        "table_name" text null
      );

      create table if not exists "cursor_changes" (
        "id" integer primary key autoincrement,
        "cursors_table" text not null,
        "consumer" text not null,
        "kind" text not null,
        "cursor_from" text not null,
        "cursor_to" text not null,
        "asked_by" text not null,
        "reason" text not null,
        "outcome" text not null,
        "asked_at" text not null,
        "answered_at" text null
      );

      create table if not exists "pages" (
        "name" text not null primary key,
        "page" text not null,
        "at" text not null,
        "position" text null,
        "fence" integer null,
        "owner" text null,
        "generation" integer null,
        "request" text null,
        "table_name" text null
      );
      "
    `);
  });

  test("of an errors table has one row a consumer and event, and the events table beside it", () => {
    expect(schemaSql("mysql", [errorsTableSchema()])).toMatchInlineSnapshot(`
      "create table if not exists \`consumer_errors\` (
        \`id\` bigint not null auto_increment primary key,
        \`consumer\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`event_id\` bigint not null,
        \`msg\` mediumtext character set utf8mb4 not null,
        \`created_at\` datetime(6) not null,
        \`updated_at\` datetime(6) not null,
        \`status\` int not null default 0,
        \`attempts\` int null,
        unique key \`by_consumer_and_event\` (\`consumer\`, \`event_id\`)
      ) engine=InnoDB default charset=utf8mb4;

      create table if not exists \`consumer_errors_events\` (
        \`id\` bigint not null auto_increment primary key,
        \`foreign_id\` varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
        \`timestamp\` datetime(6) not null,
        \`type\` int not null default 0,
        \`metadata\` mediumblob null
      ) engine=InnoDB default charset=utf8mb4;
      "
    `);
  });

  test("of an errors table takes other names", () => {
    const schema = errorsTableSchema({
      tableName: "failures",
      idField: "number",
      eventIdField: "event",
      consumerField: "who",
      messageField: "error_msg",
      createdAtField: "made",
      updatedAtField: "changed",
      statusField: "error_status",
    });
    expect(schemaSql("sqlite", [schema])).toMatchInlineSnapshot(`
      "create table if not exists "failures" (
        "number" integer primary key autoincrement,
        "who" text not null,
        "event" integer not null,
        "error_msg" text not null,
        "made" text not null,
        "changed" text not null,
        "error_status" integer not null default 0,
        "attempts" integer null,
        unique ("who", "event")
      );

      create table if not exists "failures_events" (
        "id" integer primary key autoincrement,
        "foreign_id" text not null,
        "timestamp" text not null,
        "type" integer not null default 0,
        "metadata" blob null
      );
      "
    `);
  });

  test.each([
    [{ tableName: "a.b.c" }, "invalid_identifier"],
    [{ idField: "a`b" }, "invalid_identifier"],
    [{ tableNames: "a" }, "invalid_option"],
  ])("of an errors table refuses the options %j", (options, code) => {
    expect(() => errorsTableSchema(options as object)).toThrow(expect.objectContaining({ code }));
  });

  test("refuses another dialect and what is no array", () => {
    const mistake = expect.objectContaining({ code: "invalid_argument" });
    expect(() => schemaSql("postgres" as "mysql", [events])).toThrow(mistake);
    expect(() => schemaSql("mysql", events as unknown as [])).toThrow(mistake);
  });
});

describe("on SQLite", () => {
  test("the text run by hand makes tables that pass the checks", async () => {
    const handle = openSqlite(schemaSql("sqlite", [events, cursors, errorsTableSchema()]));
    await cursors.setCursor(handle, "a", "1");
    expect(await events.stream(handle, "").start()).toBe("0");
    expect(await cursors.getCursor(handle, "a")).toBe("1");
    await createTables(handle, [events, cursors, errorsTableSchema()]);
    expect(await cursors.getCursor(handle, "a")).toBe("1");
  });

  test.each([
    ["id text, last_event_id integer, updated_at text", "column id is text and must be the primary key or unique"],
    [
      "id text, last_event_id integer, updated_at text, tenant text, primary key (id, tenant)",
      "column id is text and must be the primary key or unique",
    ],
    ["id text primary key, last_event_id real, updated_at text", "column last_event_id is real and must be bigint"],
    [
      "id text primary key, updated_at text",
      "it has no column last_event_id: add it, or name the right one in option cursorField",
    ],
  ])("a cursors table of (%s) is refused", async (columns, problem) => {
    const handle = openSqlite(`create table cursors (${columns})`);
    await expect(cursors.clone().getCursor(handle, "a")).rejects.toMatchObject({
      code: "wrong_schema",
      message: expect.stringContaining(problem),
    });
  });

  test.each(["id varchar(255) primary key", "id text not null unique"])(
    "a cursors table with %s passes",
    async (id) => {
      const handle = openSqlite(`create table cursors (${id}, last_event_id int not null, updated_at datetime)`);
      const table = cursors.clone({ asyncPeriodMs: 0 });
      await table.setCursor(handle, "a", "9007199254740993");
      expect(await table.getCursor(handle, "a")).toBe("9007199254740993");
    },
  );

  test("an events table without autoincrement, and a view, are refused, and another case of the name is not", async () => {
    const handle = openSqlite(
      "create table plain (id integer primary key, foreign_id text, timestamp text, type integer)",
    );
    handle.exec("create view seen as select * from plain");
    handle.exec(schemaSql("sqlite", [new EventsTable("ORDERS")]));
    await expect(new EventsTable("plain").stream(handle, "").start()).rejects.toThrow(
      "column id is integer and must be auto_increment",
    );
    await expect(new EventsTable("seen").stream(handle, "").start()).rejects.toThrow("found a view");
    expect(await new EventsTable("orders").stream(handle, "").start()).toBe("0");
  });
});
