import { setTimeout as delay } from "node:timers/promises";
import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { EventsTable } from "reflex-rsql";
import type { GrownMemory } from "./large-events-memory.ts";

const HANDLING_MS = 100;
const LOOK_MS = 5;

const [driver, url = "", warmUp = "", name = "", count, streams, durationMs] = process.argv.slice(2);
const { searchParams, pathname } = new URL(url);
const pool =
  driver === "mysql2"
    ? createPool(`${url}&connectionLimit=10`)
    : createMariadbPool({
        socketPath: searchParams.get("socketPath") ?? "",
        user: "root",
        database: pathname.slice(1),
        connectionLimit: 10,
      });
const table = new EventsTable(name, { metadataField: "metadata" });

// What is loaded and compiled once is not counted.
const small = new EventsTable(warmUp, { metadataField: "metadata" });
for (let round = 0; round < 3; round++) for await (const event of small.stream(pool, "", { toHead: true })) void event;
const before = process.memoryUsage();
let [residentBytes, bufferBytes, events] = [0, 0, 0];
const looking = setInterval(() => {
  const { rss, arrayBuffers } = process.memoryUsage();
  residentBytes = Math.max(residentBytes, rss - before.rss);
  bufferBytes = Math.max(bufferBytes, arrayBuffers - before.arrayBuffers);
}, LOOK_MS);
const endsAt = performance.now() + Number(durationMs);

/** Takes one event. A loop's variable would keep the last event while the next one is waited for. */
async function takeOne(stream: ReturnType<EventsTable["stream"]>): Promise<boolean> {
  const { done } = await stream.next();
  if (done === true) return false;
  events++;
  await delay(HANDLING_MS);
  return performance.now() < endsAt;
}

async function readSlowly(place: number): Promise<void> {
  const after = Math.floor((Number(count) / Number(streams)) * place);
  const stream = table.stream(pool, String(after), { toHead: true });
  while (await takeOne(stream));
  await stream.close();
}

await Promise.all(Array.from({ length: Number(streams) }, (_, place) => readSlowly(place)));
clearInterval(looking);
await pool.end();
console.log(JSON.stringify({ residentBytes, bufferBytes, events } satisfies GrownMemory));
