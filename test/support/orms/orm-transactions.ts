import type { Executor } from "reflex-rsql";

/** Runs `use` in a transaction of an ORM, through an executor that is built on that transaction. */
export type OrmTransactions = (use: (executor: Executor) => Promise<void>) => Promise<void>;
