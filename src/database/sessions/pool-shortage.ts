import { startTimer } from "../../waiting/timer.ts";
import type { Database } from "../database.ts";

// How long a pool of unknown size may take to open a connection before whoever waits for one counts as short of it. Such a
// pool tells that someone waits also when it has yet to open a connection for him.
const OPENING_MS = 50;

/**
 * Calls `onShort` whenever someone has to wait for a connection of the pool, as none is free and no more may be opened. Returns
 * a function that ends this.
 */
export function watchShortage(database: Database, onShort: () => void): () => void {
  let cancel: (() => void) | undefined;
  const isShort = (): boolean => database.poolState?.() === undefined || (database.poolState()?.waiting ?? 0) > 0;
  const look = (): void => {
    cancel = undefined;
    if (isShort()) onShort();
  };
  const stop = database.onShortage?.(() => {
    if (database.poolSize !== undefined) return onShort();
    cancel ??= startTimer(OPENING_MS, look, { keepAlive: false });
  });
  return () => {
    cancel?.();
    stop?.();
  };
}
