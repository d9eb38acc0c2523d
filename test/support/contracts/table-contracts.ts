import { describe } from "vitest";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { CursorsTable } from "../../../src/tables/cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../../../src/tables/cursors/cursors-table-options.ts";
import type { EventsTableOptions } from "../../../src/tables/events/events-table-options.ts";
import { EventsTable } from "../../../src/tables/events-table.ts";
import { EventsTableInt } from "../../../src/tables/events-table-int.ts";
import { createTables } from "../../../src/tables/schema/table-schema.ts";
import { cursorStoreContract } from "../../../src/testing/contracts/cursor-store-contract.ts";
import { eventStreamContract } from "../../../src/testing/contracts/event-stream-contract.ts";
import { newTableName } from "../tables/new-tables.ts";
import { patienceMs, registerCases } from "./register-cases.ts";

const streams: readonly [title: string, EventsTableOptions][] = [
  ["", {}],
  [" that share nothing, page by page", { cache: false, limit: 3 }],
  [
    " with columns of other names",
    { idField: "event id", timeField: "at", typeField: "kind", foreignIdField: "whose" },
  ],
];

const stores: readonly [title: string, CursorsTableOptions][] = [
  ["that hold cursors back", { asyncPeriodMs: 3_600_000 }],
  ["that write at once", { asyncPeriodMs: 0 }],
  ["with columns of other names", { idField: "name", cursorField: "cursor place", timeField: "at" }],
  ["of text cursors", { cursorType: "string" }],
];

// A cursor that another store moved is reported; here it is what is tested.
const logger = { warn: () => undefined };

/** How many kinds of tables to try: all of them, or the usual one. */
export type Breadth = "all" | "usual";

/** Registers the contract of streams for the tables of one database. */
export function registerStreamContracts(open: () => Promise<DatabaseHandle>, breadth: Breadth = "all"): void {
  describe.each(breadth === "all" ? streams : streams.slice(0, 1))("streams of a table%s", (_, options) => {
    const cases = eventStreamContract(
      async () => {
        const [db, table] = [await open(), new EventsTable(newTableName(), options)];
        await createTables(db, [table]);
        const toEvent = (foreignId: string): { foreignId: string; type: number } => ({ foreignId, type: 1 });
        return { stream: table.toStream(db), insert: (ids) => table.insertMany(db, ids.map(toEvent)) };
      },
      { patienceMs },
    );
    registerCases(cases);
  });

  describe("streams of a table of integers", () => {
    const cases = eventStreamContract(
      async () => {
        const [db, table] = [await open(), new EventsTableInt(newTableName())];
        await createTables(db, [table]);
        const toEvent = (foreignId: string): { foreignId: bigint; type: number } => ({
          foreignId: BigInt(foreignId),
          type: 1,
        });
        return { stream: table.toStream(db), insert: (ids) => table.insertMany(db, ids.map(toEvent)) };
      },
      { patienceMs },
    );
    registerCases(cases);
  });
}

/** Registers the contract of cursor stores for the tables of one database. */
export function registerCursorContracts(open: () => Promise<DatabaseHandle>, breadth: Breadth = "all"): void {
  describe.each(breadth === "all" ? stores : stores.slice(0, 1))("cursor stores %s", (_, options) => {
    const cases = cursorStoreContract(
      async () => {
        const [db, table] = [await open(), new CursorsTable(newTableName(), { ...options, logger })];
        await createTables(db, [table]);
        return { open: () => table.clone().toStore(db) };
      },
      { patienceMs, cursorType: options.cursorType },
    );
    registerCases(cases);
  });
}
