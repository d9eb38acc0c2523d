import { expect, test } from "vitest";
import type { SqlParam } from "../../database/database.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { EventsTableConfig } from "./events-table-options.ts";
import { type FailedStatement, largeValuesRemedy } from "./large-values.ts";

const fields = { foreignId: "foreign_id", type: "type", metadata: "Payload", trace: undefined };
const payload = { name: "Payload", fullType: "mediumblob", maxLength: 16_777_215 };
const LARGE = Buffer.alloc(1_000_001);

function failed(params: readonly SqlParam[] | undefined): FailedStatement {
  return {
    table: "orders",
    config: { fields } as EventsTableConfig,
    statement: params && { sql: "insert", params },
    description: { columns: new Map([["payload", payload]]) } as unknown as TableDescription,
  };
}

function driver(facts: object, message = "sent"): Error {
  return Object.assign(new Error(message), facts);
}

const reset = driver({ code: "ECONNRESET", errno: -104 });

test.each([
  ["an event", ["ä", 1, LARGE], /^the event has 1000003 bytes, and a server closes connections .* max_allowed_packet/],
  ["several", ["a", 1, LARGE, "b", 1, null], /^the events of the statement have 1000003 bytes, and a server closes/],
] as const)("a connection that is lost under %s of more than a lot is told with its bytes", (_what, params, told) => {
  const remedy = largeValuesRemedy(reset, failed(params));
  expect(remedy).toMatch(told);
  expect(remedy).toMatch(/raise it, or store the large part elsewhere .*; if that is large enough, check that the/);
});

test("an answer that the packet is too large is told with the bytes, however few", () => {
  const remedy = largeValuesRemedy(driver({ errno: 1153 }), failed(["a", 1, Buffer.alloc(9)]));
  expect(remedy).toMatch(
    /^the event has 10 bytes, and the server takes packets up to its max_allowed_packet: raise it/,
  );
});

// Catches a remedy that leads astray.
test.each<[string, unknown, readonly SqlParam[] | undefined]>([
  ["a lost connection under small values", reset, ["a", 1, Buffer.alloc(900_000)]],
  ["a lost connection before anything was sent", reset, undefined],
  ["a pool that was ended", driver({ errno: 45_027 }), ["a", 1, LARGE]],
  ["a server that refuses connections", driver({ code: "ECONNREFUSED", errno: -111 }), ["a", 1, LARGE]],
  ["a deadlock", driver({ errno: 1213 }), ["a", 1, LARGE]],
  ["a foreign id that is too long", driver({ errno: 1406 }, "Data too long for column 'foreign_id' at row 1"), ["a"]],
])("%s has no remedy of large values", (_what, error, params) => {
  expect(largeValuesRemedy(error, failed(params))).toBeUndefined();
});

test.each([
  ["the driver's error", (error: Error): Error => error],
  ["that of an ORM", (error: Error): Error => new Error("Failed query", { cause: error })],
])("a column that is too short is told with its type, from %s", (_what, wrap) => {
  const error = wrap(driver({ errno: 1406 }, "Data too long for column 'payload' at row 3"));
  expect(largeValuesRemedy(error, failed(["a", 1, LARGE]))).toBe(
    "column Payload is mediumblob and holds no more than 16777215 bytes: alter it to LONGBLOB",
  );
  expect(largeValuesRemedy(error, { ...failed(["a", 1, LARGE]), description: undefined })).toBe(
    "that column is too short: alter it to LONGBLOB",
  );
});
