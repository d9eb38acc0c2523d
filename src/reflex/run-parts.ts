import type { Consumer } from "./consumer.ts";
import { Reporting, type Told } from "./observer.ts";
import { OutageTelling } from "./outage-telling.ts";
import { type RunListener, runListenerOf } from "./run-listener.ts";
import { RunMemory } from "./run-memory.ts";
import type { RunOptions } from "./run-options.ts";
import { RunProgress } from "./run-progress.ts";
import { RunRequests } from "./run-requests.ts";
import type { StatusKeeper } from "./run-status.ts";
import { RunWatch } from "./run-watch.ts";
import type { Spec } from "./spec.ts";
import { unwrapped } from "./wrapped-consumer.ts";

/** What outlives one attempt of a run. */
export interface RunParts {
  readonly memory: RunMemory;
  readonly requests: RunRequests;
  readonly status: StatusKeeper;
  readonly progress: RunProgress;
  readonly reporting: Reporting;
  /** Whom the run's stream is to tell, if it has nobody of its own. */
  readonly told: Told;
  readonly outages: OutageTelling;
}

/** Whose run it is, and whom it tells. */
export interface RunFrame {
  readonly options: Pick<RunOptions, "observer" | "logger">;
  readonly status: StatusKeeper;
}

/** Does a run with parts of its own. While it lasts, its consumer tells of it, and it is told if it waits for long. */
export async function withRunParts<T extends number>(
  { cursors, consumer }: Spec<T>,
  { options, status }: RunFrame,
  use: (parts: RunParts) => Promise<void>,
): Promise<void> {
  const told = toldBy(options);
  const reporting = new Reporting([options.observer], options.logger);
  const memory = new RunMemory();
  const requests = new RunRequests({ consumer: consumer.name, cursors, memory });
  const progress = new RunProgress(cursors);
  const listener = listenerOf(consumer);
  const outages = new OutageTelling(consumer.name, reporting);
  const caughtUp = (): void => {
    outages.goesOn();
    listener?.caughtUp();
  };
  const hasMoved = (): void => outages.goesOn();
  const watch = new RunWatch({ consumer: consumer.name, reporting, progress, cursors, hasMoved, caughtUp });
  status.attach({ progress, watch });
  listener?.begins(status);
  const endTelling = cursors.tellTo?.(told);
  const endWatch = watch.start();
  let isDone = false;
  try {
    await use({ memory, requests, status, progress, reporting, told, outages });
    isDone = true;
  } finally {
    endWatch(isDone);
    endTelling?.();
    listener?.ends(status);
  }
}

/** Streams of one's own may know neither option: where none is given, they are not passed at all. */
function toldBy({ observer, logger }: Told): Told {
  return { ...(observer === undefined ? {} : { observer }), ...(logger === undefined ? {} : { logger }) };
}

/** Who is told of the runs of this consumer, or of the one that it wraps. */
function listenerOf<T extends number>(consumer: Consumer<T>): RunListener | undefined {
  const [own, inner] = [consumer, unwrapped(consumer)].map((one) => (one as { status?: unknown }).status);
  return runListenerOf(own) ?? runListenerOf(inner);
}
