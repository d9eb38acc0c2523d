import { abortReason } from "../../waiting/abort.ts";
import { startTimer } from "../../waiting/timer.ts";
import type { EventsTableConfig } from "../events-table-options.ts";
import type { StreamWatcher } from "../notifier.ts";

// After an event more are likely for this long.
const HOT_MS = 200;
// At a hole: what fills it may commit at any moment, and no notify need tell of it.
const SHORTEST_HOLE_WAIT_MS = 5;
const LONGEST_HOLE_WAIT_MS = 250;

type WakeConfig = Pick<EventsTableConfig, "wake" | "backoffMs">;

/**
 * When a stream that has read all there is reads again. Subscribed from the start: a notify that comes while a read is
 * under way makes the next wait end at once, so none is lost.
 */
export class WakeUp {
  readonly #config: WakeConfig;
  readonly #unsubscribe: () => void;
  #notified = false;
  #hotUntil = 0;
  #holeWaitMs = SHORTEST_HOLE_WAIT_MS;
  #wake: (() => void) | undefined;

  constructor(watcher: StreamWatcher, config: WakeConfig) {
    this.#config = config;
    this.#unsubscribe = watcher.subscribe(() => {
      this.#notified = true;
      this.#heatUp();
      this.#wake?.();
    });
  }

  /** Call before each read. */
  arm(): void {
    this.#notified = false;
  }

  /** Call after a read that brought the stream forward. */
  advanced(): void {
    this.#heatUp();
    this.#holeWaitMs = SHORTEST_HOLE_WAIT_MS;
  }

  /** Until there may be events beyond the head. Rejects with the signal's reason. */
  atHead(signal: AbortSignal): Promise<void> {
    const { wake, backoffMs } = this.#config;
    if (wake === false) return this.#wait(backoffMs, signal);
    const intervalMs = performance.now() < this.#hotUntil ? wake.hotMs : wake.idleMs;
    return this.#wait(Math.min(intervalMs, backoffMs), signal);
  }

  /** Until the hole that the stream stands at may have closed. Rejects with the signal's reason. */
  atHole(signal: AbortSignal): Promise<void> {
    const waitMs = this.#holeWaitMs;
    this.#holeWaitMs = Math.min(waitMs * 2, LONGEST_HOLE_WAIT_MS);
    return this.#wait(waitMs, signal);
  }

  close(): void {
    this.#unsubscribe();
  }

  #heatUp(): void {
    this.#hotUntil = performance.now() + HOT_MS;
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (this.#notified) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        this.#wake = undefined;
        settle();
      };
      const onAbort = (): void => finish(() => reject(abortReason(signal)));
      const cancel = startTimer(delayMs, () => finish(resolve));
      this.#wake = () => finish(resolve);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
