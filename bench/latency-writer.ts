import { EventsTable, socketNotifier } from "reflex-rsql";
import { openPool } from "./bench-tables.ts";
import { type Writes, writeEvents } from "./latency-writes.ts";

/** What a writer process is told to do. */
export interface WriterOrder extends Writes {
  readonly url: string;
  readonly tables: readonly string[];
  /** The socket of a notifier for all of the tables. */
  readonly notifierPath: string | undefined;
}

/** What a writer process has to say. */
export type WriterReport = { readonly commits: readonly number[] } | { readonly failure: string };

// A writer process: one order, one report.
process.once("message", (order: WriterOrder) => {
  write(order).then(
    (commits) => report({ commits }),
    (error: unknown) => report({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once("disconnect", () => process.exit());

async function write({ url, tables, notifierPath: path, ...writes }: WriterOrder): Promise<number[]> {
  const pool = openPool(url, 2);
  const notifier = path === undefined ? undefined : socketNotifier({ path });
  try {
    return await writeEvents(
      tables.map((name) => new EventsTable(name, { notifier })),
      pool,
      writes,
    );
  } finally {
    await notifier?.close();
    await pool.end();
  }
}

function report(said: WriterReport): void {
  process.send?.(said, undefined, {}, () => process.disconnect());
}
