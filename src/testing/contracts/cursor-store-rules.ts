import { isReflexError } from "../../errors/reflex-error.ts";
import { showError } from "../../errors/show-error.ts";
import { isError, readProperty } from "../../errors/thrown.ts";
import { makeTestEvent } from "../memory/make-test-event.ts";
import { assertEqual, assertThat, rejectionOf } from "../tables/assertions.ts";
import type { CursorRules } from "./cursor-store-scene.ts";

// Of two digits each, in an order that is the same for numbers and for text.
const [low, middle, high] = ["12", "47", "83"] as const;

/** The cursor of one consumer. */
export const cursorRules: CursorRules = {
  'gives "" for a consumer that has no cursor': async (scene) => {
    await scene.assertCursor(await scene.open(), "consumer", "");
  },

  "gives the cursor that was set last": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", low);
    await scene.assertCursor(store, "consumer", low);
    await scene.set(store, "consumer", middle);
    const event = makeTestEvent({ id: high });
    await scene.within("the cursor to be set", store.setCursor("consumer", high, { event }));
    await scene.assertCursor(store, "consumer", high);
  },

  "keeps a cursor of 0, with which a run from the head of an empty table begins": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", "0");
    await scene.assertCursor(store, "consumer", "0");
    await scene.set(store, "consumer", low);
    await scene.assertCursor(store, "consumer", low);
  },

  "refuses a cursor that does not advance, tells the existing one and keeps it": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", middle);
    for (const cursor of [middle, low]) {
      const what = `setting ${cursor} after ${middle}`;
      const error = await scene.within(what, rejectionOf(store.setCursor("consumer", cursor), what));
      assertThat(
        isReflexError(error, "cursor_not_advanced"),
        `${what} must reject with ReflexError cursor_not_advanced, found ${showError(error)}`,
      );
      assertEqual(isReflexError(error) ? error.details["existing"] : "", middle, "details.existing of that error");
    }
    await scene.assertCursor(store, "consumer", middle);
    await scene.set(store, "consumer", high);
    await scene.assertCursor(store, "consumer", high);
  },

  "refuses a cursor that does not advance beyond one that was written before": async (scene) => {
    const earlier = await scene.open();
    await scene.set(earlier, "consumer", middle);
    await scene.within("the flush", earlier.flush());
    const store = await scene.open();
    for (const cursor of [middle, low]) {
      await scene.assertRefused(store.setCursor("consumer", cursor), "cursor_not_advanced", `setting ${cursor}`);
    }
    await scene.assertCursor(store, "consumer", middle);
  },

  "refuses an empty cursor": async (scene) => {
    const store = await scene.open();
    await scene.assertRefused(store.setCursor("consumer", ""), "invalid_cursor", "setting an empty cursor");
    await scene.assertCursor(store, "consumer", "");
  },

  "has written everything when flush() resolves": async (scene) => {
    const store = await scene.open();
    await scene.within("a flush of nothing", store.flush());
    await scene.set(store, "first", low, middle);
    await scene.set(store, "second", high);
    await scene.within("the flush", store.flush());
    assertEqual(await scene.writtenCursor("first"), middle, "the written cursor of first");
    assertEqual(await scene.writtenCursor("second"), high, "the written cursor of second");
  },

  "has written one consumer's cursor when the flush of it resolves": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "first", low);
    await scene.set(store, "second", middle);
    await scene.within("the flush", store.flush({ consumer: "second" }));
    assertEqual(await scene.writtenCursor("second"), middle, "the written cursor of second");
    await scene.within("the flush", store.flush());
    assertEqual(await scene.writtenCursor("first"), low, "the written cursor of first");
  },

  "has written a consumer's cursor when getCursor() gives it": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", low);
    await scene.assertCursor(store, "consumer", low);
    assertEqual(await scene.writtenCursor("consumer"), low, "the written cursor");
  },

  "has written everything when it is disposed of, which may be done twice": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", low);
    await scene.within("the disposal", Promise.resolve(store[Symbol.asyncDispose]()));
    assertEqual(await scene.writtenCursor("consumer"), low, "the written cursor");
    await scene.within("the disposal", Promise.resolve(store[Symbol.asyncDispose]()));
  },

  "keeps a cursor that another store moved further, and says so": async (scene) => {
    const [store, other] = [await scene.open(), await scene.open()];
    await scene.set(store, "consumer", low);
    await scene.within("the flush", store.flush());
    await scene.assertCursor(other, "consumer", low);
    await scene.set(other, "consumer", high);
    await scene.within("the flush", other.flush());
    // One that holds cursors back notices when it writes, and tells by the next setCursor().
    const moveOn = async (): Promise<void> => {
      await store.setCursor("consumer", middle);
      await store.flush().catch(() => undefined);
      await store.setCursor("consumer", String(Number(middle) + 1));
      await store.flush();
    };
    await scene.assertRefused(moveOn(), "cursor_not_advanced", "moving a cursor that another store moved further");
    assertEqual(await scene.writtenCursor("consumer"), high, "the cursor after another store moved it further");
  },
};

/** Cursors that are numbers. */
export const intRules: CursorRules = {
  "compares cursors as numbers": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", "9", "10", "100");
    await scene.assertRefused(store.setCursor("consumer", "99"), "cursor_not_advanced", "setting 99 after 100");
    await scene.within("the flush", store.flush());
    assertEqual(await scene.writtenCursor("consumer"), "100", "the written cursor");
  },

  "keeps cursors up to 2^63-1 exactly": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", "9007199254740992", "9007199254740993", "9223372036854775806");
    await scene.set(store, "consumer", "9223372036854775807");
    await scene.within("the flush", store.flush());
    assertEqual(await scene.writtenCursor("consumer"), "9223372036854775807", "the written cursor");
  },

  "refuses a cursor that is no whole number of 63 bits": async (scene) => {
    const store = await scene.open();
    for (const cursor of ["x", "-1", "1.5", " 1", "0x10", "9223372036854775808"]) {
      await scene.assertRefused(store.setCursor("consumer", cursor), "invalid_cursor", `setting "${cursor}"`);
    }
    await scene.assertCursor(store, "consumer", "");
  },
};

/** Cursors that are text. */
export const stringRules: CursorRules = {
  "compares cursors byte by byte": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", "10", "9", "A", "a", "\uff5e", "\u{1f600}");
    await scene.assertRefused(
      store.setCursor("consumer", "\uff5e"),
      "cursor_not_advanced",
      "setting U+FF5E after U+1F600",
    );
    await scene.within("the flush", store.flush());
    assertEqual(await scene.writtenCursor("consumer"), "\u{1f600}", "the written cursor");
  },
};

/** Several consumers, and calls that are cut short. */
export const consumerRules: CursorRules = {
  "keeps consumers apart": async (scene) => {
    const store = await scene.open();
    const consumers = Array.from({ length: 25 }, (_, index) => `consumer-${index}`);
    await Promise.all(consumers.map((consumer, index) => scene.set(store, consumer, String(10 + index))));
    await scene.assertRefused(store.setCursor("consumer-5", low), "cursor_not_advanced", "setting one back");
    await scene.set(store, "consumer-6", high);
    await scene.within("the flush", store.flush());
    for (const [index, consumer] of consumers.entries()) {
      const expected = index === 6 ? high : String(10 + index);
      assertEqual(await scene.writtenCursor(consumer), expected, `the written cursor of ${consumer}`);
    }
  },

  "takes names exactly: those that differ only in case or accents are different consumers": async (scene) => {
    const store = await scene.open();
    const names = ["mailer", "Mailer", "mäiler", "ma\u0308iler", "mailer-ß", "mailer-ss", 'it\'s "x" % _ \\ \u{1f600}'];
    for (const [index, name] of names.entries()) await scene.set(store, name, String(10 + index));
    await scene.within("the flush", store.flush());
    for (const [index, name] of names.entries()) {
      assertEqual(await scene.writtenCursor(name), String(10 + index), `the written cursor of ${name}`);
    }
  },

  "refuses names that a database could take for others": async (scene) => {
    const store = await scene.open();
    for (const name of ["", " mailer", "mailer ", "m".repeat(256)]) {
      for (const work of [store.setCursor(name, low), store.getCursor(name)]) {
        const error = await scene.within("the refusal", rejectionOf(work, `the name "${name}"`));
        const mistake = isError(error) && readProperty(error, "code") === "invalid_argument";
        assertThat(mistake, `the name "${name}" must be refused as invalid_argument, found ${showError(error)}`);
      }
    }
  },

  "rejects with the reason of a signal that is aborted, and sets nothing": async (scene) => {
    const store = await scene.open();
    await scene.set(store, "consumer", low);
    const reason = new Error("the reason of the abort");
    const signal = AbortSignal.abort(reason);
    const calls = {
      "setCursor()": store.setCursor("consumer", middle, { signal }),
      "getCursor()": store.getCursor("consumer", { signal }),
      "flush()": store.flush({ signal }),
    };
    const found = Object.entries(calls).map(async ([what, call]) => {
      const error = await scene.within(`${what} to reject`, rejectionOf(call, `${what} with an aborted signal`));
      assertThat(error === reason, `${what} must reject with the signal's reason itself, found ${showError(error)}`);
    });
    await Promise.all(found);
    await scene.assertCursor(store, "consumer", low);
    await scene.set(store, "consumer", middle);
    await scene.assertCursor(store, "consumer", middle);
  },
};
