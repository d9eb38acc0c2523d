import { CursorsTable, EventsTable } from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import {
  type ContractCase,
  cursorStoreContract,
  eventStreamContract,
  getLatestId,
  getNextEvents,
  makeTestEvent,
  memoryCursorStore,
  mockStream,
  testCursorsTable,
  testErrorsTable,
  testEventsTable,
  testEventsTableInt,
  testEventsTableWithId,
} from "reflex-rsql/testing";
import { describe, expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import {
  type Case,
  consumer,
  cursors,
  errors,
  events,
  mismatch,
  numbered,
  plain,
  plainText,
  pool,
  record,
  type Wrong,
} from "../support/input/subjects.ts";
import { shown, shownKind, shownName } from "../support/input/wrong-values.ts";

describe("a table", () => {
  const nothing: readonly unknown[] = [undefined, null, "orders", 5, {}, [events], Promise.resolve(events)];
  const takers: readonly { readonly what: string; readonly wrong: readonly unknown[]; readonly use: Case[1] }[] = [
    { what: "getLatestId", wrong: [cursors, errors], use: (table) => getLatestId(pool, table) },
    { what: "getLatestId with idField", wrong: [cursors], use: (table) => getLatestId(pool, table, "id") },
    { what: "getNextEvents", wrong: [cursors, errors], use: (table) => getNextEvents(pool, table, "") },
    { what: "testEventsTable", wrong: [cursors, numbered], use: (table) => testEventsTable(pool, table) },
    { what: "testEventsTableWithId", wrong: [numbered], use: (table) => testEventsTableWithId(pool, table, "a") },
    { what: "testEventsTableInt", wrong: [errors, events], use: (table) => testEventsTableInt(pool, table) },
    { what: "testCursorsTable", wrong: [events, errors], use: (table) => testCursorsTable(pool, table) },
    { what: "testErrorsTable", wrong: [events, cursors], use: (table) => testErrorsTable(pool, table) },
  ];
  const cases = takers.flatMap(({ what, wrong, use }) =>
    [...nothing, ...wrong]
      // The one that takes a table's name.
      .filter((table) => !(what.startsWith("getLatestId") && table === "orders"))
      .map((table) => ({ what, use, table, name: shown(table) })),
  );

  // Catches "cannot read properties of undefined", and a check that passes for what it never looked at.
  test.each(cases)("that is $name is refused by $what", async ({ use, table }) => {
    expect(
      await mismatch(() => use(table), /^invalid_argument$/, /expected an? \w+/, plainText(shown(table))),
    ).toBeUndefined();
  });

  // Catches a failed assertion, which tells of the table, for a mistake in the call.
  test.each<Case>([
    ["testEventsTable", (db) => testEventsTable(db, events)],
    ["testEventsTableWithId", (db) => testEventsTableWithId(db, events, "a")],
    ["testEventsTableInt", (db) => testEventsTableInt(db, numbered)],
    ["testCursorsTable", (db) => testCursorsTable(db, cursors)],
    ["testErrorsTable", (db) => testErrorsTable(db, errors)],
  ])("needs a pool for %s", async (_what, use) => {
    for (const db of [undefined, null, "mysql://localhost/test", {}]) {
      expect(await mismatch(() => use(db), /^invalid_argument$/, /expected a pool/)).toBeUndefined();
    }
  });

  test("has ids of its own kind", async () => {
    // Catches an insert of "undefined".
    for (const id of [undefined, null, 5, {}, []] as Wrong[]) {
      const use = (): unknown => testEventsTableWithId(pool, plain, id);
      expect(await mismatch(use, /^invalid_argument$/, /foreign id/, plainText(shownKind(id)))).toBeUndefined();
    }
    for (const id of ["5", null, 1.5, Number.NaN, 2 ** 53, {}] as Wrong[]) {
      const use = (): unknown => testEventsTableInt(pool, numbered, id);
      expect(await mismatch(use, /^invalid_argument$/, /foreign id/, plainText(shownKind(id)))).toBeUndefined();
    }
  });

  test.each([null, "5", -1, Number.NaN, Number.POSITIVE_INFINITY, {}])("is not read with a lag of %o", async (lag) => {
    // Catches NaN, by which no event is too young.
    const use = (): unknown => getNextEvents(pool, events, "", lag as Wrong);
    expect(await mismatch(use, /^invalid_argument$/, /lagMs/, plainText(shown(lag)))).toBeUndefined();
  });

  test.each([null, 5, {}, "a`b", ""])("has no column of ids %o", async (idField) => {
    // Catches SQL made of something else than a name.
    const use = (): unknown => getLatestId(pool, events, idField as Wrong);
    expect(await mismatch(use, /^invalid_identifier$/, /idField/, plainText(shownName(idField)))).toBeUndefined();
  });
});

describe("an event for a test", () => {
  const wrong: readonly unknown[] = [
    null,
    "event",
    5,
    [],
    Promise.resolve({}),
    { foreignID: "a" },
    { id: "01" },
    { id: -1 },
    { type: "1" },
    { foreignId: {} },
    { timestamp: "2024" },
    { timestamp: new Date(), timestampMicros: 1 },
    { metadata: 5 },
    { trace: "text" },
  ];

  // Catches a default in place of what the test means, so that the test shows something else.
  test.each(wrong.map((parts) => ({ parts })))("is not made of $parts", async ({ parts }) => {
    const given = parts as Wrong;
    expect(await mismatch(() => makeTestEvent(given), /^invalid_argument$/, /event/)).toBeUndefined();
    expect(await mismatch(() => mockStream([given]), /^invalid_argument$/, /event/)).toBeUndefined();
    expect(await mismatch(() => mockStream().push(given), /^invalid_argument$/, /event/)).toBeUndefined();
  });

  test("is refused by a stream as a whole too, if a part of it is wrong", async () => {
    // Catches an event by hand that no table could have.
    const event = { id: "1", type: "1", foreignId: "a", timestamp: new Date(), timestampMicros: 1 } as Wrong;
    expect(
      await mismatch(() => mockStream([event]), /^invalid_argument$/, /type of an event/, /a string of 1 character/),
    ).toBeUndefined();
  });

  test.each([null, "events", 5, {}, new Set()])("does not come from %o", async (list) => {
    // Catches a stream without events.
    const use = (): unknown => mockStream(list as Wrong);
    expect(await mismatch(use, /^invalid_argument$/, /array of events/, plainText(shown(list)))).toBeUndefined();
  });

  test("has an id beyond that of the one before", async () => {
    // Catches events that a consumer passes by since its cursor is beyond them.
    const use = (): unknown => mockStream([{ id: 2 }, { id: 2 }]);
    expect(await mismatch(use, /^invalid_argument$/, /must ascend, found 2 after 2/)).toBeUndefined();
  });
});

describe("a cursor store in memory", () => {
  test.each([null, "mailer", 5, ["mailer"], new Map([["mailer", "1"]]), Promise.resolve({})])(
    "does not begin with %o",
    async (initial) => {
      // Catches a store without the cursors that the test is about.
      const use = (): unknown => memoryCursorStore(initial as Wrong);
      expect(
        await mismatch(use, /^invalid_argument$/, /cursors by consumer/, plainText(shown(initial))),
      ).toBeUndefined();
    },
  );

  test.each([{ mailer: 5 }, { mailer: "five" }, { mailer: "" }, { mailer: undefined }])(
    "has no cursor that a table would refuse: %o",
    async (initial) => {
      // Catches a test that passes with a cursor that can't be.
      expect(await mismatch(() => memoryCursorStore(initial as Wrong), /^invalid_cursor$/)).toBeUndefined();
    },
  );

  test("ends a call with the reason of a signal that is aborted", async () => {
    // Catches a store that goes on where one on a table ends.
    const reason = new Error("closing");
    const options = { signal: AbortSignal.abort(reason) };
    const store = memoryCursorStore();
    expect(await failureOf(() => store.getCursor("mailer", options))).toBe(reason);
    expect(await failureOf(() => store.setCursor("mailer", "1", options))).toBe(reason);
    expect(await failureOf(() => store.flush(options))).toBe(reason);
    expect(store.cursors()).toEqual({});
  });
});

describe("a contract", () => {
  const contracts: readonly (readonly [string, (make: Wrong) => readonly ContractCase[]])[] = [
    ["cursorStoreContract", (make) => cursorStoreContract(make)],
    ["eventStreamContract", (make) => eventStreamContract(make)],
  ];

  // Catches cases that all fail with "makeSubject is not a function".
  test.each(contracts)("%s needs a function that makes its subject", async (_what, contract) => {
    for (const make of [undefined, null, "make", {}, Promise.resolve()]) {
      const use = (): unknown => contract(make);
      expect(await mismatch(use, /^invalid_argument$/, /function/, plainText(shown(make)))).toBeUndefined();
    }
  });

  // Catches "subject.open is not a function" in each case.
  test.each(contracts)("%s says what a subject must have", async (_what, contract) => {
    for (const subject of [undefined, null, "subject", {}, { open: 5 }, { stream: events.toStream(pool) }]) {
      const [first] = contract(() => subject);
      const parts = [/subject/, /open|stream.*insert/, plainText(shown(subject))];
      expect(await mismatch(() => first?.run(), /^invalid_argument$/, ...parts)).toBeUndefined();
    }
  });
});

test.each(["reset", "stop"])("a dead-letter consumer wraps none whose %s is no function", async (name) => {
  // Catches a run that ends with "reset.call is not a function".
  const broken = { ...consumer, [name]: "often" } as Wrong;
  const use = (): unknown => createDeadLetterConsumer(broken, { errors: record });
  expect(await mismatch(use, /^invalid_argument$/, plainText(name), /a string of 5 characters/)).toBeUndefined();
});

test("tables that are subclasses are tables", async () => {
  // Catches a check that is too strict for users who derive theirs.
  class Orders extends EventsTable {}
  class Places extends CursorsTable {}
  const asked = (error: unknown): unknown => (error as Error).message;
  expect(asked(await failureOf(() => testEventsTable(pool, new Orders("orders"))))).toMatch(/asked for a connection/);
  expect(asked(await failureOf(() => testCursorsTable(pool, new Places("c"))))).toMatch(/asked for a connection/);
});
