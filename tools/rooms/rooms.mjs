// Which rooms the source has, and on which floor each stands: the one list for the lint rule beside it and for the tests of
// docs/architecture.md. A room is a folder of src/. It may import its own files and rooms of lower floors, nothing else.
// A planned room is a name so far.

/** @type {readonly import("./rooms.mjs").Room[]} */
export const rooms = [
  { path: "errors", floor: 1, purpose: "what is thrown, and how values stand in messages" },
  { path: "waiting", floor: 2, purpose: "timers, time limits, signals, locks, counts of users" },
  { path: "options", floor: 3, purpose: "checks of options objects" },
  { path: "reflex", floor: 4, purpose: "the contract: event, stream, cursor store, consumer, run; knows no SQL" },
  {
    path: "database",
    floor: 4,
    purpose: "what a database is to the rest: executor, session, dialect, SQL errors by meaning",
  },
  { path: "database/drivers", floor: 5, purpose: "pools and connections of mysql2 and mariadb" },
  { path: "database/sqlite", floor: 5, purpose: "SQLite handles as a database" },
  { path: "database/sessions", floor: 5, purpose: "connections that are held: shared, lingering, given back" },
  { path: "database/handles", floor: 6, purpose: "what users pass: recognised, and transactions on it" },
  { path: "tables/position", floor: 5, purpose: "pure: where a stream stands and what a poll means" },
  { path: "tables/schema", floor: 7, purpose: "CREATE TABLE and the check of existing tables, for all three tables" },
  { path: "tables/wake", floor: 6, purpose: "what tells a waiting stream that there is news" },
  { path: "tables/wake/socket", floor: 7, purpose: "the notifier that wakes other processes of a machine" },
  { path: "tables/events", floor: 8, purpose: "an event's row and its SQL: insert, read, options" },
  {
    path: "tables/requests",
    floor: 8,
    purpose: "what people ask of consumers: the row's document, the record, the answer",
  },
  { path: "tables/cursors", floor: 9, purpose: "cursors: buffer, flush, compare-and-set, looks at running consumers" },
  { path: "tables/pages", floor: 9, purpose: "rows to pages: reading, reading ahead, sharing, cache" },
  { path: "tables/gaps", floor: 9, purpose: "who is asked about a missing id, and who closes it" },
  {
    path: "tables/reader",
    floor: 10,
    purpose: "one reader a table and database: polls, waits, resolves, for all its streams",
  },
  { path: "tables/stream", floor: 11, purpose: "one stream: start, iteration, what it delivers, end" },
  { path: "tables", floor: 12, purpose: "the doors: EventsTable, EventsTableInt" },
  { path: "tables/errors", floor: 13, purpose: "consumer errors: record, list, retry, resolve" },
  {
    path: "patterns",
    floor: 5,
    only: ["errors", "waiting", "options", "reflex"],
    purpose: "reflex-rsql/patterns: ways to consume",
  },
  { path: "testing/servers", floor: 5, purpose: "private database servers for tests" },
  { path: "testing/tables", floor: 14, purpose: "checks of one's own tables" },
  { path: "testing/memory", floor: 14, purpose: "events, streams and cursors without a database" },
  { path: "testing/contracts", floor: 15, purpose: "what every stream and every cursor store promises, as cases" },
  { path: "testing", floor: 16, purpose: "reflex-rsql/testing: the entry" },
  { path: "", floor: 17, purpose: "reflex-rsql: the entry" },
  { path: "tables/leases", floor: 9, planned: true, purpose: "who may move a cursor" },
  { path: "tables/retention", floor: 9, planned: true, purpose: "rows that every consumer has passed" },
  { path: "adapters", floor: 13, planned: true, purpose: "an entry an ORM" },
  { path: "nestjs", floor: 18, planned: true, purpose: "reflex-rsql/nestjs" },
  { path: "admin", floor: 14, planned: true, purpose: "reflex-rsql/admin: lag, cursors, gaps, leases as functions" },
  { path: "prometheus", floor: 15, planned: true, purpose: "reflex-rsql/prometheus" },
  { path: "otel", floor: 15, planned: true, purpose: "reflex-rsql/otel" },
  { path: "grpc", floor: 15, planned: true, purpose: "reflex-rsql/grpc: the wire of Go's reflex" },
  { path: "relay", floor: 15, planned: true, purpose: "events to places that can't reach the database" },
  { path: "cli", floor: 18, planned: true, purpose: "the program rsql, one file a command" },
  { path: "dashboard", floor: 18, planned: true, purpose: "reflex-rsql/dashboard" },
];

/** The room of a file of src/, by its path from the repository; undefined if its folder is none. */
export function roomOf(file) {
  const folder = file
    .replace(/^src\//, "")
    .split("/")
    .slice(0, -1)
    .join("/");
  return rooms.find(({ path, planned }) => path === folder && planned !== true);
}
