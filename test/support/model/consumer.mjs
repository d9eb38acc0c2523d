// A process that runs a consumer with the defaults of everything: to the head, or for ever.
import { createPool } from "mysql2/promise";

const { CursorsTable, createConsumer, EventsTable, run, runForever } = await import(process.argv[2]);

process.on("message", (task) => {
  consume(task).catch((error) => process.send({ kind: "failed", message: String(error) }));
});
process.on("disconnect", () => process.exit());

async function consume({ url, cursorUrl, table, cursors, name, toHead }) {
  const [pool, cursorPool] = [createPool({ uri: url }), createPool({ uri: cursorUrl })];
  const consumer = createConsumer(name, ({ foreignId }) => void process.send({ kind: "event", foreignId }));
  const observer = {
    hold: ({ state, error }) => process.send({ kind: "hold", state, code: error?.code }),
    error: () => undefined,
  };
  const parts = {
    stream: new EventsTable(table, { observer }).toStream(pool),
    cursors: new CursorsTable(cursors, { observer }).toStore(cursorPool),
    consumer,
  };
  if (toHead) await run({ ...parts, options: { toHead } }, { observer });
  else await runForever(parts, { observer });
  await Promise.all([pool.end(), cursorPool.end()]);
  process.send({ kind: "done" });
}
