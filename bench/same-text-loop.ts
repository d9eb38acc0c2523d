import type { Pool, RowDataPacket } from "mysql2/promise";
import { type Database, type EventsTable, type Executor, toDatabase } from "reflex-rsql";

const texts = new WeakMap<EventsTable, string>();

/** The hand-written loop with the library's own page query: what the library adds to it, or saves of it. */
export async function sameTextLoop(pool: Pool, table: EventsTable): Promise<number> {
  const text = texts.get(table) ?? (await pageText(pool, table));
  texts.set(table, text);
  const limit = Number(/limit (\d+)$/.exec(text)?.[1]);
  const connection = await pool.getConnection();
  let count = 0;
  try {
    // Ids are 1 to n without a gap, and each page of the library's begins with the last row of the one before.
    for (let from = 1; ; from += limit - 1) {
      const [rows] = await connection.execute<RowDataPacket[]>(text, [String(from)]);
      count += from === 1 ? rows.length : rows.length - 1;
      if (rows.length < limit) return count;
    }
  } finally {
    connection.release();
  }
}

/** The text that a stream of the table reads its longest pages with. */
async function pageText(pool: Pool, table: EventsTable): Promise<string> {
  const seen = new Set<string>();
  const stream = table.stream(
    listening(toDatabase(pool), (sql) => seen.add(sql)),
    "",
    { toHead: true },
  );
  const pages = stream.batches();
  for (let page = 0; page < 4; page++) await pages.next();
  await stream.close();
  const limitOf = (sql: string): number => Number(/limit (\d+)$/.exec(sql)?.[1] ?? 0);
  return [...seen].toSorted((a, b) => limitOf(b) - limitOf(a))[0] ?? "";
}

/** The same database under an identity of its own, with a listener to what its sessions read. */
function listening(database: Database, listen: (sql: string) => void): Database {
  const { dialect } = database;
  const heard = <S extends Executor>(session: S): S => ({
    ...session,
    run: (...call: Parameters<Executor["run"]>) => session.run(...call),
    rows: (...call: Parameters<Executor["rows"]>) => {
      listen(call[0]);
      return session.rows(...call);
    },
  });
  return {
    identity: {},
    dialect,
    run: (...call) => database.run(...call),
    rows: (...call) => database.rows(...call),
    session: (use, options) =>
      database.session(
        (session) => use({ ...heard(session), control: (...call) => session.control(...call) }),
        options,
      ),
    transaction: (use, options) => database.transaction(use, options),
  };
}
