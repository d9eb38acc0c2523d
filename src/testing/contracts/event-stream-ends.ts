import { setImmediate } from "node:timers/promises";
import { showError } from "../../errors/show-error.ts";
import { assertEqual, assertThat, rejectionOf } from "../tables/assertions.ts";
import { type EventStreamScene, foreignIds, type StreamRules } from "./event-stream-scene.ts";

/** How a stream ends. */
export const endRules: StreamRules = {
  "ends, with toHead, at the head of its start, though more is inserted": async (scene) => {
    await scene.insert(3);
    const stream = scene.open("", { toHead: true });
    await scene.within("start()", stream.start());
    await scene.insert(2);
    assertEqual(foreignIds(await scene.rest(stream)), scene.inserted.slice(0, 3), "the events up to the head");
    await scene.assertEnded(stream, "after its end");
  },

  "ends at once, with toHead, when there is nothing to deliver": async (scene) => {
    await scene.assertEnded(scene.open("", { toHead: true }), "of an empty source");
    await scene.insert(2);
    const last = (await scene.toHead()).at(-1);
    await scene.assertEnded(scene.open(last?.id ?? "", { toHead: true }), "after the last event");
    await scene.assertEnded(scene.open("", { toHead: true, fromHead: true }), "from the head to the head");
  },

  "rejects with the reason of a signal that was aborted before": async (scene) => {
    await scene.insert(1);
    const stream = scene.open("", { signal: AbortSignal.abort(reason) });
    await assertRejects(scene, stream.next(), "the first next()");
  },

  "rejects a next() that waits with the reason of the abort, then is at its end": async (scene) => {
    const controller = new AbortController();
    const stream = scene.open("", { signal: controller.signal });
    const pending = stream.next();
    const rejected = assertRejects(scene, pending, "a next() that waits");
    // So that it waits already.
    await setImmediate();
    controller.abort(reason);
    await rejected;
    await scene.assertEnded(stream, "after an abort was told");
  },

  "delivers nothing after an abort, though it has read more already": async (scene) => {
    await scene.insert(3);
    const controller = new AbortController();
    const stream = scene.open("", { signal: controller.signal });
    await scene.next(stream);
    controller.abort(reason);
    await assertRejects(scene, stream.next(), "the next() after the abort");
  },

  "leaves other streams alone when one is aborted": async (scene) => {
    const controller = new AbortController();
    const aborted = scene.open("", { signal: controller.signal });
    const other = scene.open("");
    const [rejected, pending] = [assertRejects(scene, aborted.next(), "a next() that waits"), other.next()];
    await setImmediate();
    controller.abort(reason);
    await rejected;
    await scene.insert(1);
    const { done } = await scene.within("an event of the other stream", pending);
    assertThat(done !== true, "a stream must not end when another is aborted");
  },

  "ends a next() that waits when it is closed, and stays closed": async (scene) => {
    const stream = scene.open("");
    const pending = stream.next();
    await setImmediate();
    await scene.within("close()", stream.close());
    const result = await scene.within("the end of a next() that waits", pending);
    assertEqual(result, { done: true, value: undefined }, "what a next() gives that waits at the close");
    await scene.insert(1);
    await scene.assertEnded(stream, "after close()");
    await scene.within("a second close()", stream.close());
  },

  "delivers nothing after it is closed, though it has read more already": async (scene) => {
    await scene.insert(3);
    const stream = scene.open("");
    await scene.next(stream);
    await stream.close();
    await scene.assertEnded(stream, "after close()");
  },

  "closes when the loop over it is left": async (scene) => {
    await scene.insert(3);
    const iterated = scene.open("");
    const first = async (): Promise<string | undefined> => {
      for await (const event of iterated) return event.foreignId;
      return undefined;
    };
    assertEqual(await scene.within("the first event", first()), scene.inserted[0], "the first event");
    await scene.assertEnded(iterated, "after its loop was left");
    const batched = scene.open("");
    const firstBatch = async (): Promise<number> => {
      for await (const batch of batched.batches()) return batch.length;
      return 0;
    };
    assertThat((await scene.within("the first batch", firstBatch())) > 0, "a batch must not be empty");
    await scene.assertEnded(batched, "after its loop over batches was left");
  },

  "can be closed without having been read, and when its scope is left": async (scene) => {
    const closed = scene.open("");
    await scene.within("close()", closed.close());
    await scene.assertEnded(closed, "after close()");
    const disposed = scene.open("");
    await scene.within("the disposal", Promise.resolve(disposed[Symbol.asyncDispose]()));
    await scene.assertEnded(disposed, "after its disposal");
  },
};

const reason = new Error("the reason of the abort");

async function assertRejects(scene: EventStreamScene, work: Promise<unknown>, what: string): Promise<void> {
  const error = await scene.within(`${what} to reject`, rejectionOf(work, what));
  assertThat(error === reason, `${what} must reject with the signal's reason itself, found ${showError(error)}`);
}
