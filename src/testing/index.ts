/**
 * For tests of programs that use reflex-rsql, with any test runner: events, streams and cursors in memory, a private
 * database server, checks of your tables, and the contracts of streams and cursor stores.
 * @module
 */
export type { ContractCase, ContractOptions } from "./contracts/contract-case.ts";
export type { CursorStoreContractOptions } from "./contracts/cursor-store-contract.ts";
export { cursorStoreContract } from "./contracts/cursor-store-contract.ts";
export type { CursorStoreSubject } from "./contracts/cursor-store-scene.ts";
export { eventStreamContract } from "./contracts/event-stream-contract.ts";
export type { EventStreamSubject } from "./contracts/event-stream-scene.ts";
export type { TestEventParts } from "./memory/make-test-event.ts";
export { makeTestEvent } from "./memory/make-test-event.ts";
export type { MemoryCursorStore } from "./memory/memory-cursor-store.ts";
export { memoryCursorStore } from "./memory/memory-cursor-store.ts";
export type { MockStream, MockStreamOptions } from "./memory/mock-stream.ts";
export { mockStream } from "./memory/mock-stream.ts";
export type { ServerVendor } from "./servers/find-server.ts";
export type { StartMariadbOptions, TestServer } from "./servers/start-mariadb.ts";
export { startMariadb } from "./servers/start-mariadb.ts";
export type { AnyEventsTable } from "./tables/read-events.ts";
export { getLatestId, getNextEvents } from "./tables/read-events.ts";
export { testCursorsTable } from "./tables/test-cursors-table.ts";
export { testErrorsTable } from "./tables/test-errors-table.ts";
export { testEventsTable, testEventsTableInt, testEventsTableWithId } from "./tables/test-events-table.ts";
