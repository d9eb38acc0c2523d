import type { Pool, RowDataPacket } from "mysql2/promise";
import { fillTable, makeTable } from "../bench-tables.ts";
import { type Delivery, eachConsumer, InOrder, type Peer } from "./peer.ts";

interface OutboxRow extends RowDataPacket {
  readonly id: number;
  readonly foreign_id: string;
  readonly type: number;
  readonly timestamp: Date;
}

const PAGE = 1000;

/** What one would write without a library, on the case's MySQL or MariaDB server. */
export async function outboxPeer(pool: Pool): Promise<Peer> {
  const appends = await makeTable(pool);
  const table = await makeTable(pool);
  await pool.query("create table outbox_cursors (consumer varchar(64) primary key, last_id bigint not null)");
  let filled = 0;
  let rounds = 0;
  const insert = `insert into \`${appends.name}\` (foreign_id, timestamp, type) values ?`;
  return {
    name: "polled outbox by hand",
    notes: {
      append: "one insert of many rows",
      deliver: `mysql2's execute, ${PAGE} rows a page, then an update of the cursor's row; skips what commits late`,
      fanOut: "a loop and a connection each",
    },
    prepareAppend: () => Promise.resolve(),
    append: (events) => pool.query(insert, [events.map(({ foreignId, type }) => [foreignId, new Date(), type])]),
    prepareDelivery: async ({ count }) => {
      if (filled === 0) await fillTable(pool, table, { count });
      filled = count;
    },
    deliver: async (delivery) => {
      const round = ++rounds;
      const loops = eachConsumer(delivery).map((number) =>
        poll(pool, table.name, { consumer: `round-${round}-${number}`, delivery }),
      );
      await Promise.all(loops);
      return () => Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

interface Poller {
  readonly consumer: string;
  readonly delivery: Delivery;
}

async function poll(pool: Pool, table: string, { consumer, delivery }: Poller): Promise<void> {
  const order = new InOrder(delivery);
  const select = `select id, foreign_id, type, timestamp from \`${table}\` where id > ? order by id limit ${PAGE}`;
  const connection = await pool.getConnection();
  try {
    await connection.execute("insert into outbox_cursors (consumer, last_id) values (?, 0)", [consumer]);
    for (let after = 0; ; ) {
      const [rows] = await connection.execute<OutboxRow[]>(select, [after]);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows) order.see(row.foreign_id);
      after = last.id;
      await connection.execute("update outbox_cursors set last_id = ? where consumer = ?", [after, consumer]);
      if (rows.length < PAGE) break;
    }
  } finally {
    connection.release();
  }
  order.end();
}
