import { castCursor, foreignIdInt, makeEvent } from "reflex-rsql";
import { getNextEvents, makeTestEvent, memoryCursorStore, mockStream } from "reflex-rsql/testing";
import { describe, expect, test } from "vitest";
import {
  binary,
  type Case,
  cursors,
  events,
  mismatch,
  numbered,
  plain,
  plainText,
  pool,
  store,
  type Wrong,
} from "../support/input/subjects.ts";
import { shown, shownName } from "../support/input/wrong-values.ts";

interface Refusal {
  readonly what: string;
  readonly use: () => unknown;
  readonly code: RegExp;
  readonly texts: readonly RegExp[];
}

function refusal(...[what, use, code, ...texts]: readonly [string, () => unknown, RegExp, ...RegExp[]]): Refusal {
  return { what, use, code, texts };
}

describe("an event", () => {
  const refused: readonly Refusal[] = [
    ...["1", null, undefined, 1.5, Number.NaN, 2 ** 53, 1n, {}, Promise.resolve(1)].map((type: Wrong) =>
      refusal(
        `type ${shown(type)}`,
        () => plain.insert(pool, "a", type),
        /^invalid_argument$/,
        /plain/,
        plainText(shown(type)),
      ),
    ),
    refusal("type 0", () => plain.insert(pool, "a", 0), /^noop_insert$/, /plain/),
    refusal(
      "a type not in types",
      () => events.insert(pool, "a", 9 as 1),
      /^unknown_event_type$/,
      /9.*orders.*option types/,
    ),
    ...[5, 5n, null, undefined, {}, [], Symbol("x")].map((id: Wrong) =>
      refusal(
        `foreign id ${shown(id)}`,
        () => plain.insert(pool, id, 1),
        /^invalid_argument$/,
        /plain.*EventsTableInt/,
      ),
    ),
    ...["abc", "xyz", "0x12"].map((id) =>
      refusal(
        `bytes ${id}`,
        () => binary.insert(pool, id, 1),
        /^invalid_argument$/,
        /binaries.*hex/,
        plainText(shown(id)),
      ),
    ),
    ...["5", 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n, null, undefined, {}].map(
      (id: Wrong) => refusal(`integer ${shown(id)}`, () => numbered.insert(pool, id, 1), /^invalid_int_id$/, /numbers/),
    ),
    ...[5, null, {}, [], new ArrayBuffer(1), true].map((bytes: Wrong) =>
      refusal(
        `metadata ${shown(bytes)}`,
        () => events.insertWithMetadata(pool, "a", 1, bytes),
        /^invalid_argument$/,
        /metadata of an event of orders/,
      ),
    ),
    refusal(
      "metadata without a column",
      () => plain.insertWithMetadata(pool, "a", 1, "x"),
      /^metadata_disabled$/,
      /plain.*option metadataField/,
    ),
    ...[null, undefined, {}, "events", 5].map((list: Wrong) =>
      refusal(`insertMany of ${shown(list)}`, () => plain.insertMany(pool, list), /^invalid_argument$/, /plain/),
    ),
    ...[null, undefined, "event", 5, []].map((one: Wrong) =>
      refusal(`insertMany of one ${shown(one)}`, () => plain.insertMany(pool, [one]), /^invalid_argument$/, /plain/),
    ),
  ];

  // Catches a value that a driver turns into text, or that only the server refuses once others are inserted.
  test.each(refused)("of $what is refused before anything is sent", async ({ use, code, texts }) => {
    expect(await mismatch(use, code, ...texts)).toBeUndefined();
  });

  // Catches a part that is filled with NaN or "undefined" in silence.
  test.each([
    [null],
    [undefined],
    ["row"],
    [{}],
    [{ id: "01", type: 1, foreignId: "a", timestampMicros: 1 }],
    [{ id: 1.5, type: 1, foreignId: "a", timestampMicros: 1 }],
    [{ id: 1, type: "1", foreignId: "a", timestampMicros: 1 }],
    [{ id: 1, type: 1, foreignId: null, timestampMicros: 1 }],
    [{ id: 1, type: 1, foreignId: "a" }],
    [{ id: 1, type: 1, foreignId: "a", timestamp: new Date(Number.NaN) }],
    [{ id: 1, type: 1, foreignId: "a", timestampMicros: 1, timestamp: new Date() }],
    [{ id: 1, type: 1, foreignId: "a", timestampMicros: 1, metadata: 5 }],
    [{ id: 1, type: 1, foreignId: "a", timestampMicros: 1, trace: "text" }],
  ])("is not made of %o", async (parts) => {
    expect(await mismatch(() => makeEvent(parts as Wrong), /^invalid_argument$/, /event/)).toBeUndefined();
  });

  test("of a foreign id that is no integer has none for foreignIdInt", async () => {
    // Catches "" taken for 0.
    for (const foreignId of ["", "0x10", "1.5", "o-1", " 1"]) {
      expect(
        await mismatch(() => foreignIdInt(makeTestEvent({ foreignId })), /^invalid_int_id$/, /must be an integer/),
      ).toBeUndefined();
    }
  });
});

describe("a cursor", () => {
  const tooLarge = String(2n ** 63n);
  const wrong: readonly unknown[] = [
    "-1",
    "abc",
    "1.5",
    "1e3",
    "0x10",
    " 1",
    "1 ",
    "+1",
    tooLarge,
    "0".repeat(20),
    "\u0661",
    null,
    undefined,
    5,
    5n,
    {},
    ["1"],
    Promise.resolve("1"),
  ];
  const takers: readonly Case[] = [
    ["stream", (cursor) => events.stream(pool, cursor)],
    ["what toStream gives", (cursor) => events.toStream(pool)(cursor)],
    ["setCursor", (cursor) => cursors.setCursor(pool, "mailer", cursor)],
    ["setCursor of a store", (cursor) => store.setCursor("mailer", cursor)],
    ["memoryCursorStore", (cursor) => memoryCursorStore().setCursor("mailer", cursor)],
    ["mockStream", (cursor) => mockStream([])(cursor)],
    ["castCursor", (cursor) => castCursor("int", cursor)],
    ["getNextEvents", (cursor) => getNextEvents(pool, events, cursor)],
  ];

  // Catches a cursor that is compared as NaN, or rounded, and so skips events or delivers all again.
  test.each(takers.flatMap(([what, use]) => wrong.map((cursor) => ({ what, use, cursor }))))(
    "$cursor is refused by $what",
    async ({ use, cursor }) => {
      expect(
        await mismatch(() => use(cursor), /^invalid_cursor$/, /"" or a decimal number/, plainText(shownName(cursor))),
      ).toBeUndefined();
    },
  );

  test("that is empty is refused where one is set", async () => {
    // Catches a consumer that starts anew since "" was stored.
    expect(
      await mismatch(() => cursors.setCursor(pool, "mailer", ""), /^invalid_cursor$/, /must not be empty/),
    ).toBeUndefined();
  });

  test("of text must be whole characters, and its type known", async () => {
    // Catches half a surrogate pair, stored as another cursor; a misspelt type taken for text.
    expect(await mismatch(() => castCursor("string", "\ud800"), /^invalid_cursor$/)).toBeUndefined();
    expect(await mismatch(() => castCursor("string", 5 as Wrong), /^invalid_cursor$/, /found 5/)).toBeUndefined();
    expect(
      await mismatch(() => castCursor("integer" as Wrong, "5"), /^invalid_argument$/, /"int" or "string"/),
    ).toBeUndefined();
  });
});
