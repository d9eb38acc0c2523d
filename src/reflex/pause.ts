import { sleep } from "../waiting/sleep.ts";
import type { CursorStore } from "./cursor-store.ts";
import { HoldTelling } from "./hold-telling.ts";
import { holdTimes } from "./hold-times.ts";
import type { Reporting } from "./observer.ts";
import type { RunProgress } from "./run-progress.ts";
import type { RunRequests } from "./run-requests.ts";

export interface PauseSource {
  readonly consumer: string;
  readonly cursors: CursorStore;
  readonly requests: RunRequests;
  readonly reporting: Reporting;
  readonly progress: RunProgress;
}

/** Waits until a consumer that was paused is resumed, and tells of it meanwhile. */
export async function waitWhilePaused(source: PauseSource, by: string, signal: AbortSignal): Promise<void> {
  const { consumer, cursors, requests, reporting, progress } = source;
  const reading = cursors.getCursor(consumer, { signal });
  const cursor = await progress.step("its cursor to be read", "store", reading);
  progress.at(cursor);
  const message = `consumer ${consumer} was paused by ${by} at cursor ${cursor}: nothing is delivered to it until it is resumed`;
  const telling = new HoldTelling(reporting, { consumer, reason: "paused", cursor, error: undefined, message });
  try {
    do {
      await requests.unlessAsked(signal, (ending) => sleep(holdTimes().tellMs, { signal: ending }));
    } while ((await requests.answerAll(signal)).state === "paused");
    telling.released(await cursors.getCursor(consumer, { signal }), "it was resumed");
  } finally {
    telling.stop();
  }
}
