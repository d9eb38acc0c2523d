import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { openSqlite } from "../../test/support/databases/sqlite-handle.ts";
import { transaction } from "../database/handles/transaction.ts";
import type { ReflexEvent } from "../reflex/event.ts";
import { EventsTable } from "./events-table.ts";
import { createTables } from "./schema/table-schema.ts";

const OrderEvent = { Placed: 1, Paid: 2 } as const;

describe("an events table on SQLite", () => {
  const cleanUp: (() => void)[] = [];
  afterEach(() => {
    for (const clean of cleanUp.splice(0)) clean();
  });

  function fileName(): string {
    const folder = mkdtempSync(join(tmpdir(), "events-table-"));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    return join(folder, "events.db");
  }

  test.each([{ kind: "memory" }, { kind: "file" }])("streams what committed, in a $kind database", async ({ kind }) => {
    const db = openSqlite("", kind === "memory" ? ":memory:" : fileName());
    const table = new EventsTable("order_events", { types: OrderEvent, metadataField: "metadata", limit: 4 });
    await createTables(db, [table]);
    await transaction(db, async (tx) => {
      for (let index = 1; index <= 12; index++) await table.insert(tx, `o${index}`, OrderEvent.Placed);
    });
    const failed = transaction(db, async (tx) => {
      await table.insert(tx, "ghost", OrderEvent.Paid);
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    const stream = table.stream(db, "");
    const events: ReflexEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.foreignId === "o12") await table.insertWithMetadata(db, "last", OrderEvent.Paid, "m");
      if (event.foreignId === "last") break;
    }
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 13 }, (_, index) => String(index + 1)));
    expect(events.at(-1)).toMatchObject({ type: 2, foreignId: "last" });
    expect(Math.abs((events[0]?.timestampMicros ?? 0) / 1000 - Date.now())).toBeLessThan(10_000);
  });

  test("passes a gap at once, since no transaction can fill it there", async () => {
    const db = openSqlite();
    const table = new EventsTable("order_events");
    await createTables(db, [table]);
    await table.insertMany(
      db,
      [1, 2, 3].map((type) => ({ foreignId: "x", type })),
    );
    db.exec("delete from order_events where id = 2");
    const ids: string[] = [];
    for await (const { id } of table.stream(db, "", { toHead: true })) ids.push(id);
    expect(ids).toEqual(["1", "3"]);
    const fromHead = table.stream(db, "", { fromHead: true });
    expect(await fromHead.start()).toBe("3");
    await fromHead.close();
  });

  test("never gives the id of a deleted last row again", async () => {
    const db = openSqlite();
    const table = new EventsTable("order_events");
    await createTables(db, [table]);
    await table.insert(db, "a", 1);
    db.exec("delete from order_events");
    expect((await table.insert(db, "b", 1)).eventId).toBe("2");
  });
});

describe("an events table", () => {
  test.each([
    { options: { idFeild: "x" }, message: /no option "idFeild"; it has idField, timeField/ },
    { options: { idField: "a`b" }, message: /option idField of table t must not contain quotes/ },
    { options: { metadataField: "" }, message: /option metadataField of table t must be a string/ },
    { options: { backoffMs: -1 }, message: /backoffMs of table t must be a finite number of ms/ },
    { options: { limit: 0 }, message: /limit of table t must be a whole number, 1 or more/ },
    {
      options: { types: { Noop: 0 } },
      message: /types of table t must be an object of names and whole numbers other than 0/,
    },
    { options: { wake: { hot: 5 } }, message: /option wake of table t has no option "hot"/ },
    { options: { timeColumn: "date" }, message: /timeColumn of table t must be one of "datetime6"/ },
    { options: { storedZone: "'; drop table t" }, message: /storedZone of table t must be an offset/ },
    { options: { trace: () => undefined }, message: /needs option traceField/ },
    { options: null, message: /must be an object, found null/ },
  ])("refuses the options $options", ({ options, message }) => {
    expect(() => new EventsTable("t", options as never)).toThrow(message);
  });

  test.each(["", "a.b.c", "a`b", "x".repeat(65), " t", 7])("refuses the name %j", (name) => {
    expect(() => new EventsTable(name as string)).toThrow(
      expect.objectContaining({ code: "invalid_identifier" }) as Error,
    );
  });

  test("knows its event types when it compiles", () => {
    const table = new EventsTable("t", { types: OrderEvent });
    expectTypeOf(table).toEqualTypeOf<EventsTable<1 | 2>>();
    expectTypeOf<Parameters<typeof table.insert>[2]>().toEqualTypeOf<1 | 2>();
    expectTypeOf(new EventsTable("t")).toEqualTypeOf<EventsTable>();
  });

  test("takes a numeric enum of TypeScript's, whose object also holds names by value", () => {
    const Compiled = { Placed: 1, Paid: 2, 1: "Placed", 2: "Paid" } as unknown as Record<string, number>;
    expect(() => new EventsTable("t", { types: Compiled })).not.toThrow();
  });
});
