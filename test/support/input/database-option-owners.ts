import Sqlite from "libsql";
import {
  createTables,
  type EventsLoader,
  EventsTable,
  type Executor,
  type Session,
  toDatabase,
  transaction,
} from "reflex-rsql";
import { answeringPool } from "./answering-pool.ts";
import { call, transactions } from "./option-kinds.ts";
import { database, type OptionOwner } from "./option-owner.ts";

const inPool = toDatabase(database.pool);
const handle = new Sqlite(":memory:");
const inSqlite = toDatabase(handle);
/** Lends a session on MySQL's side of the library. */
const lending = toDatabase(answeringPool().pool);

const query = "select 1 as one";
const statement = { ...call, acquireTimeoutMs: "duration" } as const;
const { readOnly: _readOnly, ...session } = transactions;
const nothing = (): Promise<void> => Promise.resolve();

/** Makes the owners of a {@link Session}, or of what has some of its functions. */
function statements(title: string, lend: (use: (lent: Session) => Promise<unknown>) => unknown): OptionOwner[] {
  const names = ["run", "rows", "control"] as const;
  return names.map((name) => ({
    owner: "a statement",
    title: `${name} of ${title}`,
    kinds: call,
    use: (options) =>
      lend((lent) => (name === "control" ? lent.control(query, options) : lent[name](query, [], options))),
  }));
}

/** What `toDatabase` gives, for a pool and for a SQLite handle. */
export const databaseOwners: readonly OptionOwner[] = [
  ...[
    { of: "a pool", db: inPool },
    { of: "a SQLite handle", db: inSqlite },
  ].flatMap(({ of, db }): OptionOwner[] => [
    { owner: "a statement", title: `run of ${of}`, kinds: statement, use: (options) => db.run(query, [], options) },
    { owner: "a statement", title: `rows of ${of}`, kinds: statement, use: (options) => db.rows(query, [], options) },
    { owner: "a session", title: `of ${of}`, kinds: session, use: (options) => db.session(nothing, options) },
    {
      owner: "transaction()",
      title: `of ${of}`,
      kinds: transactions,
      use: (options) => db.transaction(nothing, options),
    },
  ]),
  ...statements("a session of a pool", (use) => lending.session(use)),
  ...statements("a session of a SQLite handle", (use) => inSqlite.session(use)),
  ...(["run", "rows"] as const).flatMap((name): OptionOwner[] => [
    {
      owner: "a statement",
      title: `${name} of a transaction of a SQLite handle`,
      kinds: call,
      use: (options) => transaction(handle, (tx) => tx[name](query, [], options) as Promise<unknown>),
    },
    {
      owner: "a statement",
      title: `${name} of a loader's connection`,
      kinds: call,
      use: (options) => loadedBy((db) => db[name](query, [], options)),
    },
  ]),
];

/** What a stream rejects with whose loader does this. */
async function loadedBy(use: (db: Executor) => Promise<unknown>): Promise<void> {
  const loader: EventsLoader = async (db) => {
    await use(db);
    return [];
  };
  const events = new EventsTable("orders", { loader, wake: false });
  await createTables(handle, [events]);
  // An empty table is not asked of a loader.
  await events.insert(handle, "a", 1);
  await using stream = events.stream(handle, "", { toHead: true });
  await stream.next();
}
