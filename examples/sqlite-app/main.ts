import Database from "libsql";
import { CursorsTable, createConsumer, createTables, EventsTable, run, transaction } from "reflex-rsql";

const NoteEvent = { Added: 1 } as const;

const db = new Database(process.env["DATABASE_FILE"] ?? "notes.db");
db.exec("pragma journal_mode = wal"); // readers don't hold up the writer
const events = new EventsTable("note_events", { types: NoteEvent });
const cursors = new CursorsTable("cursors");
await createTables(db, [events, cursors]);
db.exec("create table if not exists notes (id integer primary key, text text not null)");

for (const text of ["buy milk", "call Grace"]) {
  await transaction(db, async (tx) => {
    // The handle itself, or tx.run(sql, params): both are in the transaction.
    const { lastInsertRowid } = tx.handle.prepare("insert into notes (text) values (?)").run(text);
    await events.insert(tx, String(lastInsertRowid), NoteEvent.Added);
  });
}

const indexer = createConsumer("indexer", ({ id, foreignId }) => {
  const note = db.prepare("select text from notes where id = ?").get(foreignId) as { text: string };
  console.log(`event ${id}: "${note.text}" goes into the index`);
});
await run({ stream: events.toStream(db), cursors: cursors.toStore(db), consumer: indexer, options: { toHead: true } });
db.close();
