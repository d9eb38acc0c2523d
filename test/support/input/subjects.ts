import type { Pool } from "mysql2/promise";
import {
  type Consumer,
  type CursorStore,
  CursorsTable,
  createConsumer,
  type ErrorInsertFunc,
  ErrorsTable,
  type ErrorToRecord,
  EventsTable,
  EventsTableInt,
} from "reflex-rsql";
import { failureOf } from "../errors/failure-of.ts";
import { unusedPool } from "./refusing-database.ts";
import { shown } from "./wrong-values.ts";

const unused = unusedPool();
export const pool: Pool = unused.pool;
export const uses: () => number = unused.uses;
export const events: EventsTable<1> = new EventsTable("orders", { types: { Placed: 1 }, metadataField: "metadata" });
export const plain: EventsTable = new EventsTable("plain");
export const binary: EventsTable = new EventsTable("binaries", { foreignIdColumn: "binary" });
export const numbered: EventsTableInt = new EventsTableInt("numbers");
export const cursors: CursorsTable = new CursorsTable("cursors");
export const store: CursorStore = cursors.toStore(pool);
export const errors: ErrorsTable = new ErrorsTable();
export const consumer: Consumer = createConsumer("mailer", () => undefined);
export const record: ErrorInsertFunc = errors.toErrorInserter(pool);
export const failed: ErrorToRecord = { consumer: "mailer", eventId: "1", message: "no" };

/** For values that no program with types could pass. */
// oxlint-disable-next-line typescript/no-explicit-any -- wrong values are the point
export type Wrong = any;

export type Case = readonly [what: string, use: (value: Wrong) => unknown];

/** What is missing for a refusal at once: with this code, these texts in its message, and no connection asked for. */
export async function mismatch(
  use: () => unknown,
  code: RegExp,
  ...texts: readonly RegExp[]
): Promise<string | undefined> {
  const error = (await failureOf(use)) as (Error & { code?: string }) | undefined;
  if (!(error instanceof Error)) return `nothing was refused, found ${shown(error)}`;
  if (!code.test(error.code ?? "none")) return `code ${error.code} of ${error.name}: ${error.message}`;
  const missing = texts.find((text) => !text.test(error.message));
  if (missing !== undefined) return `no ${missing.source} in: ${error.message}`;
  return uses() === 0 ? undefined : "the database was asked for a connection";
}

/** A pattern for exactly this text, in any case. */
export function plainText(text: string): RegExp {
  return new RegExp(text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"), "i");
}
