import { aBoolean, aFiniteDuration, checkOptions } from "../../options/check-options.ts";

/** How a stream at the head finds events of which no notifier told it: how often it looks, and whether it listens. */
export interface WakeOptions {
  /** How often it looks shortly after an event, in ms. @defaultValue 5 */
  hotMs?: number | undefined;
  /** How often it looks when nothing has happened for a while, in ms. @defaultValue 45 */
  idleMs?: number | undefined;
  /**
   * Whether it also listens for the server's commits. That takes one more connection of the pool, for all tables
   * together. It is possible where the server is a MySQL with `gtid_mode = ON` and the pool has at least 5 connections.
   * Elsewhere the stream only looks. @defaultValue true
   */
  gtid?: boolean | undefined;
}

/** {@link WakeOptions} with every default filled in. */
export interface WakeConfig {
  readonly hotMs: number;
  readonly idleMs: number;
  readonly gtid: boolean;
}

/** @throws TypeError or RangeError `invalid_option` */
export function toWakeConfig(owner: string, wake: false | WakeOptions | undefined): false | WakeConfig {
  if (wake === false) return false;
  const {
    hotMs = 5,
    idleMs = 45,
    gtid = true,
  } = checkOptions<WakeOptions>(`option wake of ${owner}`, wake, {
    hotMs: aFiniteDuration,
    idleMs: aFiniteDuration,
    gtid: aBoolean,
  });
  return { hotMs, idleMs, gtid };
}
