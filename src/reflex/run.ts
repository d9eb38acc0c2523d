import { checkOptions } from "../options/check-options.ts";
import { RunOnce } from "./run-once.ts";
import { type RunOptions, runChecks } from "./run-options.ts";
import { withRunParts } from "./run-parts.ts";
import { type Running, running } from "./run-status.ts";
import { checkSpec, type Spec } from "./spec.ts";

export { isExpected } from "./expected.ts";
export type { RunOptions } from "./run-options.ts";

/**
 * Streams events to a consumer from where it stopped last time, and moves its cursor past each event that it has
 * consumed. Every event reaches the consumer at least once, in order.
 *
 * It goes on until something fails or the signal is aborted, and so it rejects. It resolves only at the end of a stream
 * that ends by itself (`toHead`). At an abort it waits for the event at hand, at most `shutdownMs`, moves the cursor if
 * that event was consumed, writes the cursor, and rejects with the signal's reason. A consumer without a cursor gets
 * one before its first event. See {@link runForever} for a run that starts again after errors.
 *
 * What people ask of the consumer through its cursor store (`reset`, `skip`, `pause` ...) it obeys within 5 s, at rest too:
 * it finishes the event at hand, does what is asked, and streams on from the cursor as it then is, without calling the
 * consumer's `stop` and `reset`. While the consumer is paused, it waits. The promise has a `status()`.
 *
 * What it waits for is told within 5 s as a stall, with its cause: the reading, the first writing and the moving of its cursor,
 * the opening of its stream, and a consumer that waits for a connection of a drained pool. A wait for a connection ends with
 * `time_limit` after the `acquireTimeoutMs` of the table, 10 s by default.
 *
 * @throws ReflexError `consumer_failed` with the consumer's own error as `cause` and the event's id in `details`.
 * @throws ReflexError `handling_timeout` if the consumer works on an event for longer than `handlingTimeoutMs`.
 * @throws ReflexError `history_rewritten`, `cursor_ahead`, `cursor_row_missing` or `history_pruned` if the table no longer
 * fits the consumer's position, with how to accept the table as it is.
 * @throws ReflexError `consumer_retired` or `cursor_deleted` if a person has ended the consumer.
 * @throws ReflexError of the stream or the cursor store, as it came.
 * @example
 * await run({ stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer }, { signal });
 */
export function run<T extends number>(spec: Spec<T>, options: RunOptions = {}): Running {
  return running(async (status) => {
    checkSpec(spec);
    const checked = checkOptions("run", options, runChecks);
    await withRunParts(spec, { options: checked, status }, async (parts) => {
      const once = new RunOnce(spec, checked, parts);
      try {
        await once.execute();
      } finally {
        once.reportHidden();
      }
    });
  });
}
