import type { Pool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, run, transaction } from "reflex-rsql";
import { fillTable, makeTable } from "../bench-tables.ts";
import { eachConsumer, InOrder, type Peer } from "./peer.ts";

export const reflexNotes: Peer["notes"] = {
  append: "insertMany in transaction()",
  deliver: "run() with a CursorsTable as it comes, whose cursors are written every 5 s and at the end",
  fanOut: "a run() each on one table and pool",
};

/** This library, on the case's MySQL or MariaDB server. */
export async function reflexPeer(pool: Pool): Promise<Peer> {
  const appends = await makeTable(pool);
  const table = await makeTable(pool);
  const cursors = new CursorsTable("peers_cursors");
  await createTables(pool, [cursors]);
  let filled = 0;
  let rounds = 0;
  return {
    name: "reflex-rsql",
    notes: reflexNotes,
    prepareAppend: () => Promise.resolve(),
    append: (events) =>
      transaction(pool, async (tx) => {
        await appends.insertMany(tx, events);
      }),
    prepareDelivery: async ({ count }) => {
      if (filled === 0) await fillTable(pool, table, { count });
      filled = count;
    },
    deliver: async (delivery) => {
      const round = ++rounds;
      const store = cursors.toStore(pool);
      await Promise.all(
        eachConsumer(delivery).map(async (number) => {
          const order = new InOrder(delivery);
          const consumer = createConsumer(`round-${round}-${number}`, ({ foreignId }) => {
            order.see(foreignId);
          });
          await run({ stream: table.toStream(pool), cursors: store, consumer, options: { toHead: true } });
          order.end();
        }),
      );
      return () => Promise.resolve();
    },
    close: () => cursors.close(),
  };
}
