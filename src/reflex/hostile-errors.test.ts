import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/support/errors/failure-of.ts";
import { isMistake, isReflexError } from "../errors/reflex-error.ts";
import { createDeadLetterConsumer } from "../patterns/dead-letter.ts";
import { memoryCursorStore } from "../testing/memory/memory-cursor-store.ts";
import { mockStream } from "../testing/memory/mock-stream.ts";
import { createConsumer } from "./consumer.ts";
import { errorMessage } from "./consumer-error.ts";
import { isExpected } from "./expected.ts";
import { run } from "./run.ts";
import { runForever } from "./run-forever.ts";

function fail(): never {
  throw new Error("must not be called");
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** What a handler can throw, so that whoever looks at it fails. */
const hostile: readonly (readonly [what: string, make: () => unknown])[] = [
  ["a proxy that was revoked", () => revoked(new Error("hidden"))],
  ["a revoked proxy of a function", () => revoked(() => undefined)],
  ["a proxy of an error that can't be read", () => new Proxy(new Error("hidden"), { get: fail, getPrototypeOf: fail })],
  [
    "an error with getters that throw",
    () =>
      Object.defineProperties(new Error("x"), { message: { get: fail }, name: { get: fail }, cause: { get: fail } }),
  ],
  [
    "an error whose cause is itself",
    () => {
      const error = new Error("x");
      error.cause = error;
      return error;
    },
  ],
  ["an object whose toString throws", () => ({ toString: fail })],
  ["an object without a prototype", () => Object.create(null) as unknown],
  ["nothing", () => undefined],
];

describe.each(hostile)("a handler that throws %s", (_what, make) => {
  // Catches an error of the library's own looking, in place of what the handler has thrown.
  test("ends run() with consumer_failed and what was thrown as the cause", async () => {
    for (const how of ["throws", "rejects"]) {
      const thrown = make();
      const consumer = createConsumer("mailer", async () => {
        if (how === "rejects") await Promise.resolve();
        throw thrown;
      });
      const error = await failureOf(run({ stream: mockStream([{ type: 1 }]), cursors: memoryCursorStore(), consumer }));
      expect(isReflexError(error, "consumer_failed")).toBe(true);
      expect(Object.is((error as Error).cause, thrown)).toBe(true);
    }
  });

  test("is told of by runForever, and does not end it", async () => {
    const stopping = new AbortController();
    const reason = new Error("seen enough");
    const texts: string[] = [];
    const consumer = createConsumer("mailer", () => {
      throw make();
    });
    const logger = {
      warn: (text: string) => {
        texts.push(text);
        stopping.abort(reason);
      },
    };
    const spec = { stream: mockStream([{ type: 1 }]), cursors: memoryCursorStore(), consumer };
    expect(await failureOf(runForever(spec, { logger, signal: stopping.signal, minBackoffMs: 1 }))).toBe(reason);
    expect(texts[0]).toContain("consumer mailer failed at event 1");
  });

  test("has it recorded by a dead-letter consumer", async () => {
    const recorded: string[] = [];
    const consumer = createConsumer("mailer", () => {
      throw make();
    });
    const errors = async ({ message }: { message: string }): Promise<string> => String(recorded.push(message));
    const wrapped = createDeadLetterConsumer(consumer, { errors, retries: 0 });
    await run({
      stream: mockStream([{ type: 1 }]),
      cursors: memoryCursorStore(),
      consumer: wrapped,
      options: { toHead: true },
    });
    expect(recorded).toHaveLength(1);
  });

  test("passes through what looks at errors", () => {
    const aborted = AbortSignal.abort(new Error("closing"));
    expect(isReflexError(make())).toBe(false);
    expect(isMistake(make())).toBe(false);
    expect(isExpected(make(), aborted)).toBe(false);
    expect(errorMessage(make())).toMatch(/./);
  });
});

test("A handler whose result can't be awaited has failed", async () => {
  const consumer = createConsumer("mailer", () => revoked({}) as undefined);
  const error = await failureOf(run({ stream: mockStream([{ type: 1 }]), cursors: memoryCursorStore(), consumer }));
  expect(isReflexError(error, "consumer_failed")).toBe(true);
});
