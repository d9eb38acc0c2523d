import { aBoolean, aFiniteDuration, checkOptions } from "../../options/check-options.ts";

/** How a stream at the head finds events that no notifier told it of: how often it looks, in ms, and whether it listens. */
export interface WakeOptions {
  /** Shortly after an event. @defaultValue 5 */
  hotMs?: number | undefined;
  /** When nothing has happened for a while, and as the longest. @defaultValue 45 */
  idleMs?: number | undefined;
  /**
   * Whether it also listens for commits, on one more connection of the pool for all tables, where the server is a MySQL with
   * `gtid_mode = ON` and the pool has at least 5; else it only looks. @defaultValue true
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
