import type { DatabaseTarget } from "./connect.ts";
import type { ConsumerName } from "./tables.ts";

interface Start {
  readonly target: DatabaseTarget;
  /** Of the demo's tables. */
  readonly prefix: string;
  /** The demo's temporary folder, which a child removes if its parent was killed. */
  readonly folder: string;
}

export interface StartWriter extends Start {
  readonly type: "write";
  readonly writer: string;
  readonly ordersPerSecond: number;
  /** Where it writes down how each order ended. */
  readonly journalFile: string;
}

export interface StartConsumer extends Start {
  readonly type: "consume";
  readonly consumer: ConsumerName;
  readonly skipEvent: boolean;
}

/** What the demo tells its children. A writer that has reported "ready" begins at "go"; "stop" ends either kind. */
export type Order = StartWriter | StartConsumer | { readonly type: "go" } | { readonly type: "stop" };

export interface WriterProgress {
  readonly type: "written";
  /** The ids of the events committed since the last report. */
  readonly committed: readonly string[];
  /** Orders rolled back so far. */
  readonly rolledBack: number;
  /** Transactions that were lost so far, each done again. */
  readonly retries: number;
}

export interface ConsumerProgress {
  readonly type: "consumed";
  /** The id of the last event that it is done with. */
  readonly position: string;
  /** The cursor last written to the database. */
  readonly savedCursor: string;
  /** Events that came again and had their effect already. */
  readonly duplicates: number;
  readonly failures: number;
  /** Gaps between ids that it came to. */
  readonly gaps: number;
  /** The longest that it waited at one. */
  readonly longestWaitMs: number;
}

/** What children tell the demo. */
export type Report =
  /** `cursor` is where a consumer goes on; "" if it begins. */
  | { readonly type: "ready"; readonly cursor: string }
  | WriterProgress
  | ConsumerProgress
  /** Something worth telling. */
  | { readonly type: "note"; readonly text: string }
  /** The child's last word: its work is done, or failed. */
  | { readonly type: "ended" }
  | { readonly type: "failed"; readonly message: string };
