import { createPool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, EventsTable, isReflexError, run } from "reflex-rsql";

const AuditEvent = { LoggedIn: 10, LoggedOut: 11 } as const;

const pool = createPool(process.env["DATABASE_URL"] ?? "mysql://root@localhost/test");

// Stands for what is there already: names of its own, and times to the second by a clock in Berlin's summer.
await pool.query(`create table if not exists audit_log (
  entry_no int not null auto_increment primary key,
  user_name varchar(40) not null,
  kind smallint not null,
  happened_at datetime not null
) engine = InnoDB`);
await pool.query(`create table if not exists audit_progress (
  reader varchar(80) not null primary key,
  entry_no bigint not null,
  changed_at datetime(6) not null
) engine = InnoDB`);
await pool.query("insert into audit_log (user_name, kind, happened_at) values ('ada', 10, '2024-06-01 14:00:00')");

const fields = { idField: "entry_no", foreignIdField: "user_name", typeField: "kind", timeField: "happened_at" };
const cursors = new CursorsTable("audit_progress", {
  idField: "reader",
  cursorField: "entry_no",
  timeField: "changed_at",
  changesTable: "audit_changes",
});
// Adds columns that may be null, which the other program's statements don't notice. Without them it would work, but a log that
// is truncated or restored while nobody reads would not be noticed.
await createTables(pool, [cursors], { alter: true });
const consumer = createConsumer("printer", ({ id, type, foreignId, timestamp }) => {
  const what = type === AuditEvent.LoggedIn ? "logged in" : "logged out";
  console.log(`entry ${id}: ${foreignId} ${what} at ${timestamp.toISOString()}`);
});

/** Reads what is new. The table is checked before anything is read or written. */
async function readAll(audit: EventsTable): Promise<void> {
  await run({
    stream: audit.toStream(pool),
    cursors: cursors.toStore(pool),
    consumer,
    options: { toHead: true },
  });
}

// What a wrong description of the table looks like.
await readAll(new EventsTable("audit_log", { ...fields, foreignIdField: "user" })).catch((error: unknown) => {
  if (!isReflexError(error, "wrong_schema")) throw error;
  console.log(error.message);
});

const audit = new EventsTable("audit_log", {
  ...fields,
  types: AuditEvent,
  timeColumn: "datetime",
  storedZone: "+02:00",
});
await audit.insert(pool, "ada", AuditEvent.LoggedOut);
await readAll(audit);
await pool.end();
