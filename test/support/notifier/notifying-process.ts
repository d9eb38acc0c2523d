import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type SocketNotifier, type SocketNotifierOptions, socketNotifier } from "reflex-rsql";
import { onTestFinished } from "vitest";

/** A path in a folder of its own, which is deleted after the test. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsql-notify-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "events.sock");
}

/** A notifier with links of its own, as another process would have; it counts its wake-ups. */
export class NotifyingProcess {
  readonly notifier: SocketNotifier;
  readonly errors: Error[] = [];
  wakes = 0;
  #onWake: () => void = () => undefined;

  constructor(options: SocketNotifierOptions) {
    this.notifier = socketNotifier({ onError: (error) => this.errors.push(error), ...options });
    this.notifier.subscribe(() => {
      this.wakes++;
      this.#onWake();
    });
    onTestFinished(() => this.notifier.close());
  }

  /** Resolves at the first wake-up after the call. */
  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWake = resolve;
    });
  }
}

/** A process whose link has opened. */
export async function opened(options: SocketNotifierOptions): Promise<NotifyingProcess> {
  const process = new NotifyingProcess(options);
  // The opening of a link wakes its process.
  await process.woken();
  return process;
}

/** Has one process notify until the other is woken. A link takes a moment to open, and its opening wakes the process too. */
export async function connected(from: NotifyingProcess, to: NotifyingProcess): Promise<void> {
  for (;;) {
    const before = to.wakes;
    from.notifier.notify();
    for (let waited = 0; waited < 20 && to.wakes === before; waited++) await delay(1);
    if (to.wakes > before) break;
  }
  await quiet(from, to);
}

/** Waits until no more wake-ups come in. */
export async function quiet(...processes: readonly NotifyingProcess[]): Promise<void> {
  const count = (): number => processes.reduce((sum, { wakes }) => sum + wakes, 0);
  for (let before = -1; before !== count(); ) {
    before = count();
    await delay(100);
  }
}
