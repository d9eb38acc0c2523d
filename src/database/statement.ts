import type { SqlParam } from "./database.ts";

/** A statement and the values of its placeholders. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly SqlParam[];
}
