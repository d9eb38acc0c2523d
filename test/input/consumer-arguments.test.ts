import { createConsumer, run, runForever, type Spec, transaction } from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import { memoryCursorStore } from "reflex-rsql/testing";
import { describe, expect, test } from "vitest";
import {
  type Case,
  consumer,
  cursors,
  events,
  failed,
  mismatch,
  plainText,
  pool,
  record,
  store,
  type Wrong,
} from "../support/input/subjects.ts";
import { shown, shownName } from "../support/input/wrong-values.ts";

describe("a consumer", () => {
  const names: readonly unknown[] = [
    "",
    " ",
    " a",
    "a ",
    "a\n",
    "x".repeat(256),
    null,
    undefined,
    5,
    {},
    ["a"],
    Promise.resolve("a"),
  ];
  const spec = (parts: object): Spec => ({ stream: events.toStream(pool), cursors: store, consumer, ...parts });
  const takers: readonly Case[] = [
    ["createConsumer", (name) => createConsumer(name, () => undefined)],
    ["getCursor", (name) => cursors.getCursor(pool, name)],
    ["setCursor", (name) => cursors.setCursor(pool, name, "1")],
    ["getCursor of a store", (name) => store.getCursor(name)],
    ["setCursor of a store", (name) => store.setCursor(name, "1")],
    ["run", (name) => run(spec({ consumer: { name, consume: () => undefined } }))],
    ["runForever", (name) => runForever(spec({ consumer: { name, consume: () => undefined } }))],
    ["an error inserter", (name) => record({ ...failed, consumer: name })],
    ["memoryCursorStore", (name) => memoryCursorStore().getCursor(name)],
    [
      "createDeadLetterConsumer",
      (name) => createDeadLetterConsumer({ name, consume: () => undefined }, { errors: record }),
    ],
  ];

  // Catches two names that a column takes for one, and a name that is cut, so that two consumers share a cursor.
  test.each(takers.flatMap(([what, use]) => names.map((name) => ({ what, use, name }))))(
    "of the name $name is refused by $what",
    async ({ use, name }) => {
      expect(
        await mismatch(() => use(name), /^invalid_argument$/, /consumer's name/, plainText(shownName(name))),
      ).toBeUndefined();
    },
  );

  // Catches a consumer without its function, found at the first event.
  test.each([[undefined], [null], ["consume"], [{}], [[]], [Promise.resolve()], [5]])(
    "needs a function: %o is none",
    async (consume: Wrong) => {
      expect(
        await mismatch(
          () => createConsumer("mailer", consume),
          /^invalid_argument$/,
          /function/,
          plainText(shown(consume)),
        ),
      ).toBeUndefined();
      expect(await mismatch(() => run(spec({ consumer: consume })), /^invalid_argument$/, /consumer/)).toBeUndefined();
      expect(
        await mismatch(() => createDeadLetterConsumer(consume, { errors: record }), /^invalid_argument$/, /consumer/),
      ).toBeUndefined();
      expect(
        await mismatch(() => transaction(pool, consume), /^invalid_argument$/, /function/, plainText(shown(consume))),
      ).toBeUndefined();
      expect(await mismatch(() => events.listenGaps(consume), /^invalid_argument$/, /gap listener/)).toBeUndefined();
    },
  );

  // Catches parts that are looked at only in the middle of the run, or that a run takes for none.
  test.each([
    { part: "stream", values: [undefined, null, events, "orders"] },
    { part: "cursors", values: [undefined, null, cursors, {}, "cursors"] },
    { part: "consumer", values: [undefined, null, () => undefined, {}] },
    { part: "options", values: [null, "fromHead", true, [], Promise.resolve({})] },
    { part: "opions", values: [{}] },
  ])("runs with its parts only: a wrong $part is refused", async ({ part, values }) => {
    for (const value of values) {
      expect(await mismatch(() => run(spec({ [part]: value })), /^invalid_argument$/, plainText(part))).toBeUndefined();
      expect(
        await mismatch(() => runForever(spec({ [part]: value })), /^invalid_argument$/, plainText(part)),
      ).toBeUndefined();
    }
  });

  test.each(["reset", "stop"])("whose %s is no function is refused before the run", async (name) => {
    // Catches a run that fails for ever since nobody takes it for a mistake.
    const broken = { ...consumer, [name]: "often" };
    expect(
      await mismatch(
        () => runForever(spec({ consumer: broken })),
        /^invalid_argument$/,
        plainText(name),
        /a string of 5 characters/,
      ),
    ).toBeUndefined();
  });

  test.each([null, undefined, "spec", []])("does not run with %o in place of a spec", async (given) => {
    // Catches "cannot read properties of null".
    expect(await mismatch(() => run(given as Wrong), /^invalid_argument$/, /a run/)).toBeUndefined();
  });
});
