import { describe, expect, test } from "vitest";
import { type Consumer, createConsumer } from "../reflex/consumer.ts";
import type { ErrorInsertFunc, ErrorToRecord } from "../reflex/consumer-error.ts";
import type { ReflexEvent } from "../reflex/event.ts";
import { createDeadLetterConsumer, type DeadLetterOptions } from "./dead-letter.ts";

const EVENT: ReflexEvent = {
  id: "7",
  type: 1,
  foreignId: "o",
  timestampMicros: 0,
  timestamp: new Date(0),
  metadata: undefined,
  trace: undefined,
};

interface Book {
  readonly errors: ErrorInsertFunc;
  readonly recorded: ErrorToRecord[];
}

function createBook(): Book {
  const recorded: ErrorToRecord[] = [];
  return { recorded, errors: async (error) => `e${recorded.push(error)}` };
}

function failing(times: number, error: unknown = new Error("poison")): { consumer: Consumer; calls: () => number } {
  let calls = 0;
  const consumer = createConsumer("mailer", () => {
    calls += 1;
    if (calls <= times) throw error;
  });
  return { consumer, calls: () => calls };
}

const fast = { minBackoffMs: 0, maxBackoffMs: 0 };
const live = (): AbortSignal => new AbortController().signal;

describe("a dead-letter consumer", () => {
  test("tries again as often as it is told, and records nothing if that helps", async () => {
    // Catches one retry too few.
    const { errors, recorded } = createBook();
    const { consumer, calls } = failing(3);
    await createDeadLetterConsumer(consumer, { errors, ...fast }).consume(EVENT, { signal: live() });
    expect(calls()).toBe(4);
    expect(recorded).toEqual([]);
  });

  test("records what still fails under its consumer's name and its event's id, tells of it, and goes on", async () => {
    // Catches arguments swapped, one retry too many, a count that lives on after the record.
    const { errors, recorded } = createBook();
    const error = new Error("poison", { cause: new RangeError("deep") });
    const { consumer, calls } = failing(1000, error);
    const letters: unknown[] = [];
    const options = { errors, retries: 2, ...fast, onDeadLetter: (letter: unknown) => void letters.push(letter) };
    const wrapper = createDeadLetterConsumer(consumer, options);
    expect(wrapper.name).toBe("mailer");
    await wrapper.consume(EVENT, { signal: live() });
    expect(calls()).toBe(3);
    const message = "Error: poison\ncaused by RangeError: deep";
    expect(recorded).toEqual([{ consumer: "mailer", eventId: "7", message }]);
    expect(letters).toEqual([{ consumer: "mailer", event: EVENT, error, errorId: "e1" }]);
    await wrapper.consume(EVENT, { signal: live() });
    expect(calls()).toBe(6);
  });

  test("with no retries records at once", async () => {
    // Catches 0 taken for "not given".
    const { errors, recorded } = createBook();
    const { consumer, calls } = failing(1000);
    await createDeadLetterConsumer(consumer, { errors, retries: 0 }).consume(EVENT, { signal: live() });
    expect([calls(), recorded.length]).toEqual([1, 1]);
  });

  test("counts a handler's own time-out as a failure like any other", async () => {
    // Catches an AbortError that is taken for an abort of the run, and the event dropped.
    const { errors, recorded } = createBook();
    const { consumer, calls } = failing(1000, new DOMException("the request timed out", "AbortError"));
    await createDeadLetterConsumer(consumer, { errors, retries: 1, ...fast }).consume(EVENT, { signal: live() });
    expect([calls(), recorded.length]).toEqual([2, 1]);
  });

  test.each([
    { what: "the reason", thrown: (signal: AbortSignal) => signal.reason as Error },
    { what: "an AbortError", thrown: () => new DOMException("aborted", "AbortError") },
    { what: "an error of its own", thrown: () => new Error("connection closed") },
  ])(
    "lets an abort through that made the handler throw $what, without counting or recording it",
    async ({ thrown }) => {
      // Catches an aborted event that is recorded, passed, or that uses up a retry.
      const { errors, recorded } = createBook();
      let abort: AbortController | undefined = new AbortController();
      let calls = 0;
      const consumer = createConsumer("mailer", (_event, { signal }) => {
        calls += 1;
        abort?.abort(new Error("closing"));
        throw abort === undefined ? new Error("poison") : thrown(signal);
      });
      const wrapper = createDeadLetterConsumer(consumer, { errors, retries: 1, ...fast });
      for (let run = 0; run < 3; run++) {
        abort = new AbortController();
        await expect(wrapper.consume(EVENT, { signal: abort.signal })).rejects.toThrow(
          /closing|aborted|connection closed/,
        );
      }
      expect(recorded).toEqual([]);
      abort = undefined;
      await wrapper.consume(EVENT, { signal: live() });
      expect([calls, recorded.length]).toEqual([5, 1]);
    },
  );

  test("an abort while it waits for a retry ends the wait with its reason, and the count goes on in the next run", async () => {
    // Catches a wait that holds up the shutdown, counters that begin anew with each run.
    const { errors, recorded } = createBook();
    const { consumer, calls } = failing(1000);
    const wrapper = createDeadLetterConsumer(consumer, { errors, retries: 1, minBackoffMs: 6e5, maxBackoffMs: 6e5 });
    const abort = new AbortController();
    const reason = new Error("closing");
    const consuming = wrapper.consume(EVENT, { signal: abort.signal });
    const outcome = Promise.resolve(consuming).catch((error: unknown) => error);
    // By then it has failed and waits: what is between are promises that are settled already.
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls()).toBe(1);
    abort.abort(reason);
    expect(await outcome).toBe(reason);
    await wrapper.consume(EVENT, { signal: live() });
    expect([calls(), recorded.length]).toEqual([2, 1]);
  });

  test("when recording fails it stops with both errors, and tries the event once more the next time", async () => {
    // Catches an event that is passed though it is recorded nowhere, an error that hides the other.
    const poison = new Error("poison");
    const down = new Error("the database is down");
    const { consumer, calls } = failing(1000, poison);
    const wrapper = createDeadLetterConsumer(consumer, { errors: () => Promise.reject(down), retries: 1, ...fast });
    const failure = await Promise.resolve(wrapper.consume(EVENT, { signal: live() })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).errors).toEqual([poison, down]);
    expect((failure as AggregateError).message).toMatch(
      / could not be recorded: Error \(see its cause\); the error itself: Error: poison$/,
    );
    expect(calls()).toBe(2);
    await expect(wrapper.consume(EVENT, { signal: live() })).rejects.toMatchObject({ cause: down });
    expect(calls()).toBe(3);
  });

  test("an abort while an error is recorded is the abort, not a failure to record", async () => {
    // Catches an AggregateError that run would report as a failure of the consumer.
    const abort = new AbortController();
    const reason = new Error("closing");
    const errors: ErrorInsertFunc = (_error, options) => {
      abort.abort(reason);
      return Promise.reject(options?.signal?.reason as Error);
    };
    const wrapper = createDeadLetterConsumer(failing(1000).consumer, { errors, retries: 0 });
    await expect(wrapper.consume(EVENT, { signal: abort.signal })).rejects.toBe(reason);
  });

  test("an onDeadLetter that throws is reported and stops nothing", async () => {
    // Catches a broken alert that makes the event come again for ever.
    const { errors, recorded } = createBook();
    const thrown = new Error("no pager");
    const reports: unknown[] = [];
    const wrapper = createDeadLetterConsumer(failing(1000).consumer, {
      errors,
      retries: 0,
      onDeadLetter: () => Promise.reject(thrown) as unknown as void,
      observer: { error: (report) => reports.push(report) },
    });
    await wrapper.consume(EVENT, { signal: live() });
    expect(recorded).toHaveLength(1);
    expect(reports).toEqual([{ activity: "onDeadLetter", name: "mailer", error: thrown }]);
  });

  test("hands on reset and stop, of an object of a class too, and has none where its consumer has none", async () => {
    // Catches methods that lose their `this`.
    class Mailer implements Consumer {
      readonly name = "mailer";
      readonly calls: string[] = [];
      async consume(event: ReflexEvent): Promise<void> {
        this.calls.push(event.id);
      }
      async reset(): Promise<void> {
        this.calls.push("reset");
      }
      async stop(): Promise<void> {
        this.calls.push("stop");
      }
    }
    const mailer = new Mailer();
    const wrapper = createDeadLetterConsumer(mailer, { errors: createBook().errors });
    await wrapper.reset?.({ signal: live() });
    await wrapper.consume(EVENT, { signal: live() });
    await wrapper.stop?.();
    expect(mailer.calls).toEqual(["reset", "7", "stop"]);
    const bare = createDeadLetterConsumer(failing(0).consumer, { errors: createBook().errors });
    expect([bare.reset, bare.stop]).toEqual([undefined, undefined]);
  });

  test.each([
    { options: {}, message: /needs option errors/ },
    { options: undefined, message: /needs option errors/ },
    { options: { errors: "table" }, message: /option errors of createDeadLetterConsumer must be a function/ },
    { options: { errors: createBook().errors, retries: -1 }, message: /option retries .* must be a whole number/ },
    { options: { errors: createBook().errors, retry: 1 }, message: /no option "retry"/ },
    { options: { errors: createBook().errors, minBackoffMs: 20_000 }, message: /must not be more than maxBackoffMs/ },
  ])("refuses the options $options", ({ options, message }) => {
    // Catches options that are ignored in silence.
    expect(() => createDeadLetterConsumer(failing(0).consumer, options as DeadLetterOptions)).toThrow(message);
  });

  test("refuses what is no consumer", () => {
    // Catches a function, given in place of a consumer, whose failure would come with the first event only.
    const { errors } = createBook();
    expect(() => createDeadLetterConsumer((() => undefined) as unknown as Consumer, { errors })).toThrow(
      /a dead-letter consumer wraps a consumer/,
    );
  });
});
