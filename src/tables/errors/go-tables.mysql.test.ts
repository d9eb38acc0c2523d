import { beforeAll, describe, expect, test } from "vitest";
import { allOf } from "../../../test/support/events/all-of.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { makeTable } from "../../../test/support/streams/streams.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { createConsumer } from "../../reflex/consumer.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";
import { EventsTable } from "../events-table.ts";
import { ErrorsTable } from "./errors-table.ts";
import { goErrorColumns } from "./errors-table-options.ts";

describeEachServer((engine) => {
  let pool: DatabaseHandle;
  let other: DatabaseHandle;

  beforeAll(async () => {
    pool = (await engine.createPool()) as DatabaseHandle;
    other = (await engine.createPool()) as DatabaseHandle;
  });

  const run = (sql: string): Promise<unknown> => toDatabase(pool).run(sql, []);

  async function makeGoEvents(name: string, time = "datetime"): Promise<string> {
    await run(
      `create table ${name} (id bigint not null auto_increment primary key, foreign_id varchar(255) not null, timestamp ${time} not null, type int not null, metadata blob)`,
    );
    return name;
  }

  describe("an events table whose time column is Go's usual one", () => {
    test("is warned of at the first insert, once a table and database, in the words of the first stream", async () => {
      const warnings: string[] = [];
      const logger = { warn: (message: string) => void warnings.push(message) };
      const table = new EventsTable(await makeGoEvents(newTableName("go")), { logger });
      await table.insert(pool, "a", 1);
      const refused = await allOf(table.stream(pool, "", { toHead: true })).catch((error: unknown) => error);
      const [warning = ""] = warnings;
      expect(warning).toContain(`${table.name} takes inserts`);
      const reason =
        /column timestamp is datetime and must be datetime\(6\).*/.exec((refused as Error).message)?.[0] ?? "none";
      expect(warning).toContain(reason);
      await table.insert(pool, "b", 1);
      await transaction(pool, (tx) => table.insert(tx as never, "c", 1));
      expect(warnings).toHaveLength(1);
      await table.insert(other, "d", 1);
      expect(warnings).toHaveLength(2);
    });

    test("is warned of in a transaction of the caller's own too", async () => {
      const warnings: string[] = [];
      const logger = { warn: (message: string) => void warnings.push(message) };
      const table = new EventsTable(await makeGoEvents(newTableName("go")), { logger });
      const connection = await (await engine.createRawPool({ connectionLimit: 1 })).getConnection();
      await connection.beginTransaction();
      for (const foreignId of ["a", "b"]) await table.insert(connection, foreignId, 1);
      await connection.rollback();
      connection.release();
      expect(warnings).toHaveLength(1);
    });

    test("is not warned of once timeColumn says so", async () => {
      const warnings: string[] = [];
      const logger = { warn: (message: string) => void warnings.push(message) };
      const table = new EventsTable(await makeGoEvents(newTableName("go")), { logger, timeColumn: "datetime" });
      await table.insert(pool, "a", 1);
      expect(await allOf(table.stream(pool, "", { toHead: true }))).toHaveLength(1);
      expect(warnings).toEqual([]);
    });
  });

  describe("an errors table of Go's", () => {
    async function makeGoErrors(eventId: string): Promise<string> {
      const name = newTableName("consumer_errors");
      await run(
        `create table ${name} (id bigint not null auto_increment primary key, consumer varchar(255) not null, event_id ${eventId} not null, error_msg text not null, error_status int not null, created_at datetime(6) not null, updated_at datetime(6) not null, unique key (consumer, event_id))`,
      );
      await makeGoEvents(`${name}_events`);
      return name;
    }

    async function swap(table: string, eventId: string, consumer: string): Promise<void> {
      await run(
        `insert into ${table} (consumer, event_id, error_msg, error_status, created_at, updated_at) values ('${eventId}', '${consumer}', 'oh no', 1, utc_timestamp(6), utc_timestamp(6))`,
      );
    }

    test("streams its events, with the columns of goErrorColumns", async () => {
      const errors = new ErrorsTable({ tableName: await makeGoErrors("bigint"), ...goErrorColumns });
      const id = await errors.toErrorInserter(pool)({ consumer: "mailer", eventId: "7", message: "oh no" });
      const [event] = await allOf(errors.events.stream(pool, "", { toHead: true }));
      expect(event).toMatchObject({ foreignId: id, type: ErrorStatus.Recorded });
    });

    test("shows rows that its dead-letter consumer has swapped as they are meant", async () => {
      const name = await makeGoErrors("varchar(255)");
      const errors = new ErrorsTable({ tableName: name, ...goErrorColumns });
      await swap(name, "7", "mailer");
      await errors.toErrorInserter(pool)({ consumer: "mailer", eventId: "8", message: "oh no" });
      await swap(name, "9", "other");
      const found = await errors.list(pool, { consumer: "mailer" });
      expect(found.map(({ id, consumer, eventId }) => [id, consumer, eventId])).toEqual([
        ["1", "mailer", "7"],
        ["2", "mailer", "8"],
      ]);
      expect((await errors.list(pool)).map(({ consumer, eventId }) => consumer + eventId)).toEqual([
        "mailer7",
        "mailer8",
        "other9",
      ]);
    });

    test("retries swapped rows, and has one row of a failure that goes on", async () => {
      const events = await makeTable(pool);
      for (const foreignId of ["a", "b"]) await events.insert(pool, foreignId, 1);
      const name = await makeGoErrors("varchar(255)");
      const errors = new ErrorsTable({ tableName: name, ...goErrorColumns });
      await swap(name, "1", "mailer");
      await swap(name, "2", "mailer");
      const consumer = createConsumer("mailer", (event) => {
        if (event.id === "2") throw new Error("again");
      });
      const { retried, failures } = await errors.retryAll(pool, { consumer, events });
      expect([retried, failures.map(({ eventId }) => eventId)]).toEqual([1, ["2"]]);
      const open = await errors.list(pool, { consumer: "mailer", status: ErrorStatus.Recorded });
      expect(open.map(({ eventId, message }) => [eventId, message])).toEqual([["2", "Error: again"]]);
      expect(failures[0]?.error.details).toMatchObject({ errorId: open[0]?.id });
    });

    test("shows no name where the column of event ids has lost it, and retries for the consumer that is given", async () => {
      const events = await makeTable(pool);
      await events.insert(pool, "a", 1);
      const name = await makeGoErrors("bigint");
      const errors = new ErrorsTable({ tableName: name, ...goErrorColumns });
      await swap(name, "1", "0");
      expect(await errors.list(pool)).toMatchObject([{ consumer: "", eventId: "1" }]);
      const seen: string[] = [];
      const consumer = createConsumer("mailer", (event) => void seen.push(event.foreignId));
      await errors.retry(pool, "1", { consumer, events });
      expect(seen).toEqual(["a"]);
      expect(await errors.list(pool)).toMatchObject([{ status: ErrorStatus.Retried }]);
    });
  });
});
