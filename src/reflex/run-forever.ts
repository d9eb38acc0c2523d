import { rangeMistake } from "../errors/reflex-error.ts";
import { checkOptions } from "../options/check-options.ts";
import { RunLoop } from "./run-loop.ts";
import { foreverChecks, type RunForeverOptions } from "./run-options.ts";
import { withRunParts } from "./run-parts.ts";
import { type Running, running } from "./run-status.ts";
import { checkSpec, type Spec } from "./spec.ts";

export type { RunForeverOptions } from "./run-options.ts";

/**
 * Runs as {@link run} does, and starts again after every error, from the consumer's cursor. The wait before it doubles
 * with each error and is jittered, so that many processes don't come back in step. Errors go to `observer.error`,
 * or to the logger if there is none; of a server that refuses connections not each one, and less and less often. While a server refuses connections, or has just closed one, it is tried again after
 * 200 ms at the most (or `minBackoffMs`, if that is longer), and the wait does not grow.
 *
 * A table that no longer fits the consumer's position (it was truncated, restored or swapped) can't be mended by another
 * try: the consumer is held, see `onPositionFault`. A request of a person (`reset`, `resume` ...) also ends a hold or the
 * wait for the next try, within 5 s. A consumer that was retired is tried again like after any error, and so runs again
 * once it is resumed.
 *
 * It ends in few ways only. It rejects with the signal's reason at an abort; with a programmer's mistake, which no retry
 * can mend; with `cursor_deleted` when a person has deleted the cursor, since it would begin at the first event; and with a
 * position fault, where `onPositionFault` is "end". It resolves when the stream ends by itself.
 * @example
 * const stopping = new AbortController();
 * process.once("SIGTERM", () => stopping.abort());
 * const running = runForever({ stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer }, { signal:
 * stopping.signal });
 * createServer((_request, response) => {
 *   const { state, since, position, event, stalledOn, error } = running.status();
 *   const hangs = state === "handling" && Date.now() - since.getTime() > 60_000;
 *   const healthy = state === "waiting" || state === "paused" || (state === "handling" && !hangs);
 *   const why = stalledOn?.message ?? String(error ?? "");
 *   response.writeHead(healthy ? 200 : 503).end(JSON.stringify({ state, since, position, event, why }));
 * }).listen(8080);
 * await running;
 */
export function runForever<T extends number>(spec: Spec<T>, options: RunForeverOptions = {}): Running {
  return running(async (status) => {
    checkSpec(spec);
    const checked = checkOptions("runForever", options, foreverChecks);
    const { minBackoffMs = 100, maxBackoffMs = 30_000 } = checked;
    checkBackoff(minBackoffMs, maxBackoffMs);
    await withRunParts(spec, { options: checked, status }, (parts) =>
      new RunLoop(spec, { ...checked, minBackoffMs, maxBackoffMs }, parts).execute(),
    );
  });
}

function checkBackoff(minBackoffMs: number, maxBackoffMs: number): void {
  if (minBackoffMs <= maxBackoffMs) return;
  throw rangeMistake(
    "invalid_option",
    `option minBackoffMs of runForever, ${minBackoffMs}, must not be more than maxBackoffMs, ${maxBackoffMs}`,
  );
}
