import { describe, expect, test } from "vitest";
import type { Executor } from "../../database/database.ts";
import { mysqlDialect } from "../../database/mysql-dialect.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { EventsTableConfig } from "./events-table-options.ts";
import { exhaustedIds, type FailedInsert } from "./exhausted-ids.ts";

const id = { name: "id", fullType: "tinyint", largest: 127n };
const executor: Pick<Executor, "rows"> = { rows: async () => [{ highest: "127" }] as never[] };
const insert: FailedInsert = {
  table: "orders",
  config: { fields: { id: "id" }, statementTimeoutMs: 1000 } as EventsTableConfig,
  executor: executor as Executor,
  dialect: mysqlDialect,
  description: { columns: new Map([["id", id]]) } as unknown as TableDescription,
};

function driver(errno: number, sqlMessage: string): Error {
  return Object.assign(new Error(`(conn:1) ${sqlMessage}`), { errno, sqlMessage });
}

describe.each([
  ["MariaDB", driver(167, "Out of range value for column 'id' at row 1")],
  ["MySQL", driver(1062, "Duplicate entry '127' for key 'orders.PRIMARY'")],
  ["a counter that can't be read", driver(1467, "Failed to read auto-increment value from storage engine")],
])("the error of ids at their end, from %s", (_server, thrown) => {
  test.each([
    ["as it is", thrown],
    ["as a cause", new Error("Failed query", { cause: thrown })],
    ["as parent and original", Object.assign(new Error("x"), { parent: thrown, original: thrown })],
  ])("is known %s", async (_how, error) => {
    expect(await exhaustedIds(error, insert)).toMatchObject({ code: "wrong_schema", cause: error });
  });
});

test("A duplicate below the end is none, also where an ORM has wrapped it", async () => {
  const error = new Error("Failed query", { cause: driver(1062, "Duplicate entry '12' for key 'orders.PRIMARY'") });
  expect(await exhaustedIds(error, insert)).toBeUndefined();
});

// Catches the error of a trap in the place of what an executor has thrown.
test("What can't be looked at is no such error, and passes", async () => {
  const fail = (): never => {
    throw new Error("from trap");
  };
  const { proxy, revoke } = Proxy.revocable(new Error("hidden"), {});
  revoke();
  for (const thrown of [
    new Proxy(new Error("hidden"), { get: fail, getPrototypeOf: fail }),
    proxy,
    undefined,
    "text",
  ]) {
    expect(await exhaustedIds(thrown, insert)).toBeUndefined();
  }
});
