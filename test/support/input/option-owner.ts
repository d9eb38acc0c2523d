import { unusedPool } from "./refusing-database.ts";
import type { Kind } from "./wrong-values.ts";

/** What takes options, and the kind of each. */
export interface OptionOwner {
  /** What it is called in messages. */
  readonly owner: string;
  /** The test's title, where the owner's name is not enough. */
  readonly title?: string;
  readonly kinds: Readonly<Record<string, Kind>>;
  /** Options that must be given besides the one that is wrong. */
  readonly required?: Readonly<Record<string, unknown>>;
  /** Gives it these options. Typed as it is for programs without types. */
  // oxlint-disable-next-line typescript/no-explicit-any -- wrong values are the point
  readonly use: (options: any) => unknown;
}

/** Whoever is asked for a connection by the owners. */
export const database: ReturnType<typeof unusedPool> = unusedPool();
