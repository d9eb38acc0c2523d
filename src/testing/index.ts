/**
 * For tests of programs that use reflex-rsql, with any test runner: events, streams and cursors in memory, a private
 * database server, checks of your tables, and the contracts of streams and cursor stores.
 * @module
 */
export type { ContractCase, ContractOptions } from "./contract-case.ts";
export type { CursorStoreContractOptions } from "./cursor-store-contract.ts";
export { cursorStoreContract } from "./cursor-store-contract.ts";
export type { CursorStoreSubject } from "./cursor-store-scene.ts";
export { eventStreamContract } from "./event-stream-contract.ts";
export type { EventStreamSubject } from "./event-stream-scene.ts";
export type { ServerVendor } from "./find-server.ts";
export type { TestEventParts } from "./make-test-event.ts";
export { makeTestEvent } from "./make-test-event.ts";
export type { MemoryCursorStore } from "./memory-cursor-store.ts";
export { memoryCursorStore } from "./memory-cursor-store.ts";
export type { MockStream, MockStreamOptions } from "./mock-stream.ts";
export { mockStream } from "./mock-stream.ts";
export type { AnyEventsTable } from "./read-events.ts";
export { getLatestId, getNextEvents } from "./read-events.ts";
export type { StartMariadbOptions, TestServer } from "./start-mariadb.ts";
export { startMariadb } from "./start-mariadb.ts";
export { testCursorsTable } from "./test-cursors-table.ts";
export { testErrorsTable } from "./test-errors-table.ts";
export { testEventsTable, testEventsTableInt, testEventsTableWithId } from "./test-events-table.ts";
