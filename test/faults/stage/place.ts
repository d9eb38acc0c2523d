import type { Launcher } from "./program.ts";

/** How a process reaches a database, in words that both drivers know. */
export interface Database {
  readonly socketPath?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user: string;
  readonly database: string;
}

/** What the processes of one scenario have in common. */
export interface Place {
  /** The URL of the built library. */
  readonly library: string;
  /** Where journals go. */
  readonly folder: string;
  /** The events table. */
  readonly table: string;
  readonly cursors: string;
}

/** Where a process runs and what it connects to. */
export interface Connection {
  readonly database: Database;
  readonly driver?: "mysql2" | "mariadb" | undefined;
  readonly launcher?: Launcher | undefined;
}

/** The machine's monotonic clock in ms, the same for all processes. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
