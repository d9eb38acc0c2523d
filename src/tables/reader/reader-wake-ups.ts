import { tableError } from "../../database/table-error.ts";
import { CountedRegistry } from "../../waiting/counted-registry.ts";
import { isolated } from "../../waiting/isolated.ts";
import type { TableContext } from "../events/table-context.ts";
import type { PolledHead } from "../wake/head-look.ts";
import { headPoller } from "../wake/head-poller.ts";
import type { StreamWatcher } from "../wake/notifier.ts";
import { WakeSignal } from "../wake/wake-signal.ts";
import type { ReportThinning } from "./report-thinning.ts";

// For this long after an event, more events are likely.
const HOT_MS = 400;

/** What wakes the streams of one reader: the table's notifier, and the database's head poller for those at the head. */
export class ReaderWakeUps {
  readonly #context: TableContext;
  readonly #thinning: ReportThinning;
  readonly #signal = new WakeSignal();
  /** What ends the subscription, by notifier. */
  readonly #subscriptions = new CountedRegistry<StreamWatcher, () => void>();
  #hotUntil = 0;
  /** The table as the head poller knows it; undefined until a stream has come to the head. */
  #polledHead: PolledHead | undefined;
  #closed = false;

  constructor(context: TableContext, thinning: ReportThinning) {
    this.#context = context;
    this.#thinning = thinning;
  }

  /**
   * Is woken by this notifier too, until the function is called that it returns.
   * @throws whatever the notifier's `subscribe` throws
   */
  listenTo(watcher: StreamWatcher): () => void {
    const wake = (): void => {
      this.heatUp();
      this.#signal.wake();
    };
    this.#subscriptions.acquire(watcher, () => watcher.subscribe(wake));
    return () => {
      const { reporting, table: name } = this.#context;
      isolated(
        () => this.#subscriptions.release(watcher)?.(),
        (error) => reporting.error({ activity: "notify", name, error }),
      );
    };
  }

  /** How many wake-ups there were. A poll reads the count before it begins, so that none is missed that comes meanwhile. */
  get count(): number {
    return this.#signal.count;
  }

  /** Waits until the count is above `seen`, at the latest for `limitMs`. Rejects with the signal's reason. */
  beyond(seen: number, limitMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.beyond(seen, limitMs, signal);
  }

  /** As {@link beyond}, for `backoffMs` at the latest, while the head poller looks for rows above the id `head`. */
  async beyondHead(head: bigint, seen: number, signal: AbortSignal): Promise<void> {
    const stopWatching = this.#watchHead(head);
    try {
      await this.#signal.beyond(seen, this.#context.config.backoffMs, signal);
    } finally {
      stopWatching();
    }
  }

  /** There was an event: the head is looked at often for a while. */
  heatUp(): void {
    this.#hotUntil = performance.now() + HOT_MS;
  }

  close(): void {
    this.#closed = true;
    if (this.#polledHead !== undefined) headPoller(this.#context.database).leave(this.#polledHead);
  }

  #watchHead(head: bigint): () => void {
    const { config, database, table, reporting } = this.#context;
    const { wake, fields } = config;
    if (wake === false || this.#closed) return () => undefined;
    const poller = headPoller(database);
    this.#polledHead ??= poller.join(table, fields.id);
    return poller.watch({
      table: this.#polledHead,
      head,
      gtid: wake.gtid,
      intervalMs: (heard) => (performance.now() < this.#hotUntil && !(heard && wake.gtid) ? wake.hotMs : wake.idleMs),
      limits: config,
      wake: () => this.#signal.wake(),
      failed: (thrown) => {
        const error = tableError(thrown, { table, activity: "read" });
        const told = this.#thinning.next();
        if (told !== undefined) reporting.error({ activity: "stream", name: table, error, retryInMs: 0, ...told });
        this.#signal.wake();
      },
    });
  }
}
