import {
  CursorsTable,
  castCursor,
  createConsumer,
  createTables,
  ErrorsTable,
  EventsTable,
  EventsTableInt,
  fillGaps,
  foreignIdInt,
  run,
  runForever,
  schemaSql,
  socketNotifier,
  stopFillingGaps,
  toDatabase,
  transaction,
} from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import {
  getLatestId,
  getNextEvents,
  makeTestEvent,
  memoryCursorStore,
  mockStream,
  testEventsTable,
} from "reflex-rsql/testing";
import { expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import { databaseOwners } from "../support/input/database-option-owners.ts";
import { owners, spec } from "../support/input/option-owners.ts";
import {
  binary,
  consumer,
  cursors,
  errors,
  events,
  failed,
  numbered,
  plain,
  pool,
  record,
  store,
  type Wrong,
} from "../support/input/subjects.ts";
import { testingOwners } from "../support/input/testing-option-owners.ts";
import { CANARY, CANARY_URL, Told } from "../support/secrets/told.ts";

/** What a program may give by mistake where something else belongs, with the canary in it. */
function disguises(): readonly unknown[] {
  const named = { name: CANARY_URL, toString: () => CANARY_URL, toJSON: () => CANARY, constructor: { name: CANARY } };
  const error = Object.assign(new Error(CANARY_URL), { name: CANARY });
  const keyed = { [CANARY_URL]: CANARY_URL };
  return [
    CANARY_URL,
    [CANARY_URL],
    named,
    keyed,
    Symbol(CANARY_URL),
    error,
    Buffer.from(CANARY_URL),
    new URL(CANARY_URL),
  ];
}

// Catches a check whose message repeats the value that was given.
test.each([...owners, ...databaseOwners, ...testingOwners].map((owner) => ({ ...owner, title: owner.title ?? "" })))(
  "no option of $owner $title is repeated where it is refused",
  async ({ kinds, required, use }) => {
    using told = new Told();
    for (const option of [...Object.keys(kinds), CANARY_URL]) {
      for (const value of disguises()) {
        if (kinds[option] === "anything" || (kinds[option] === "object" && typeof value === "object")) continue;
        if (["text", "anyText", "oneLine", "texts"].includes(kinds[option] ?? "")) continue;
        told.noteError(await failureOf(() => use({ ...required, [option]: value })));
      }
    }
    for (const value of disguises()) told.noteError(await failureOf(() => use(value)));
    expect(told.count).toBeGreaterThan(0);
    expect(told.leaks).toEqual([]);
  },
);

const calls: readonly (readonly [what: string, use: (given: Wrong) => unknown])[] = [
  ["toDatabase", (given) => toDatabase(given)],
  ["transaction", (given) => transaction(given, () => Promise.resolve())],
  ["transaction: its work", (given) => transaction(pool, given)],
  ["createTables", (given) => createTables(given, [events])],
  ["createTables: its tables", (given) => createTables(pool, [given])],
  ["schemaSql", (given) => schemaSql(given, [events])],
  ["fillGaps", (given) => fillGaps(given, events)],
  ["fillGaps: its table", (given) => fillGaps(pool, given)],
  ["stopFillingGaps", (given) => stopFillingGaps(given)],
  ["EventsTable", (given) => new EventsTable(given)],
  ["EventsTableInt", (given) => new EventsTableInt(given)],
  ["CursorsTable", (given) => new CursorsTable(given)],
  ["ErrorsTable", (given) => new ErrorsTable({ tableName: given })],
  ["insert", (given) => events.insert(given, "a", 1)],
  ["insert: its foreign id", (given) => plain.insert(pool, [given] as Wrong, 1)],
  ["insert of bytes: its foreign id", (given) => binary.insert(pool, given, 1)],
  ["insert of an integer: its foreign id", (given) => numbered.insert(pool, given, 1)],
  ["insert: its type", (given) => plain.insert(pool, "a", given)],
  ["insertWithMetadata", (given) => events.insertWithMetadata(pool, "a", 1, [given] as Wrong)],
  ["insertWithMetadata without a column", (given) => plain.insertWithMetadata(pool, "a", 1, given)],
  ["insertMany", (given) => plain.insertMany(pool, [given])],
  ["stream", (given) => events.stream(given, "")],
  ["stream: its cursor", (given) => events.stream(pool, given)],
  ["lag", (given) => events.lag(pool, given)],
  ["cursorAt", (given) => events.cursorAt(pool, given)],
  ["listenGaps", (given) => events.listenGaps(given)],
  ["foreignIdInt", (given) => foreignIdInt({ ...makeTestEvent({ type: 1 }), foreignId: String(given) })],
  ["castCursor", (given) => castCursor("int", given)],
  ["getCursor", (given) => cursors.getCursor(given, "mailer")],
  ["getCursor: its consumer", (given) => cursors.getCursor(pool, `${given} `)],
  ["setCursor", (given) => store.setCursor("mailer", given)],
  ["reset", (given) => cursors.reset(pool, "mailer", { to: given })],
  ["skip", (given) => cursors.skip(pool, "mailer", { eventId: given, events, record })],
  ["toErrorInserter", (given) => errors.toErrorInserter(given)],
  ["an error inserter: its event", (given) => record({ ...failed, eventId: given })],
  ["an error inserter: its message", (given) => record({ ...failed, message: [given] as Wrong })],
  ["resolve", (given) => errors.resolve(pool, [given] as Wrong)],
  ["retry", (given) => errors.retry(pool, "1", { consumer: given, events })],
  ["createConsumer", (given) => createConsumer("mailer", given)],
  ["createDeadLetterConsumer", (given) => createDeadLetterConsumer(given, { errors: record })],
  ["run: its stream", (given) => run({ ...spec, stream: given })],
  ["run: its cursors", (given) => run({ ...spec, cursors: given })],
  ["run: its consumer", (given) => run({ ...spec, consumer: given })],
  ["runForever: a part", (given) => runForever({ ...spec, [String(given)]: 1 })],
  ["socketNotifier: a port", (given) => socketNotifier({ port: given })],
  ["getLatestId", (given) => getLatestId(pool, given)],
  ["getNextEvents", (given) => getNextEvents(pool, events, given)],
  ["testEventsTable", (given) => testEventsTable(given, events)],
  ["mockStream", (given) => mockStream([given])],
  ["mockStream: a part", (given) => mockStream([{ type: 1, foreignId: [given] as Wrong }])],
  ["memoryCursorStore", (given) => memoryCursorStore({ mailer: given })],
  ["run with consumer", (given) => run({ ...spec, consumer: { ...consumer, name: `${String(given)} ` } })],
];

// Catches a connection URL with its password in the message that says that a pool belongs there.
test.each(calls)("%s does not repeat what it refuses", async (_what, use) => {
  using told = new Told();
  let refused = 0;
  for (const value of disguises()) {
    const error = await failureOf(() => use(value));
    if (error === undefined) continue;
    refused += 1;
    // A string of Symbol() is a mistake of this test's own.
    if (!(error instanceof TypeError && /convert a Symbol/.test(error.message))) told.noteError(error);
  }
  expect(refused).toBeGreaterThan(0);
  expect(told.leaks).toEqual([]);
});
