import type { Socket } from "node:net";
import { startTimer } from "../../../waiting/timer.ts";

/**
 * How long a connection may take to name its channel, in ms. A peer does so as soon as it is connected, and one that is cut
 * off connects again.
 */
export const FIRST_LINE_MS = 2000;
/** How many connections that have not named their channel are kept. */
export const MOST_SILENT = 100;

/** The connections that have not named their channel yet. What opens connections and never speaks must not fill a process. */
export class SilentPeers {
  /** The functions that cancel their timers; the oldest connection comes first. */
  readonly #cancels = new Map<Socket, () => void>();

  add(socket: Socket): void {
    const [oldest] = this.#cancels.size < MOST_SILENT ? [] : this.#cancels.keys();
    oldest?.destroy();
    if (oldest !== undefined) this.delete(oldest);
    this.#cancels.set(
      socket,
      startTimer(FIRST_LINE_MS, () => socket.destroy(), { keepAlive: false }),
    );
  }

  /** The connection has named its channel, or has ended. */
  delete(socket: Socket): void {
    this.#cancels.get(socket)?.();
    this.#cancels.delete(socket);
  }
}
