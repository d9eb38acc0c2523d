import type { RowDataPacket } from "mysql2/promise";
import { expect, test } from "vitest";
import { failureOf } from "../../../test/support/errors/failure-of.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { EventsTable } from "../events-table.ts";

const offsets = [
  "+00:00",
  "-00:00",
  "+12:59",
  "+13:00",
  "+13:59",
  "+14:00",
  "-12:59",
  "-13:00",
  "-13:59",
  "+14:01",
  "-14:00",
  "+15:00",
  "+99:99",
  "+05:60",
  "+5",
  "5:00",
];
const names = [
  "Etc/GMT+5",
  "Etc/GMT-14",
  "EST5EDT",
  "America/Argentina/Buenos_Aires",
  "America/Port-au-Prince",
  "GMT0",
  "SYSTEM",
  "UTC",
];
const noNames = ["", "5", "Etc/", "/Etc", "Etc//GMT", "Europe/Berlin'", "a b", "Etc/GMT+5') --"];

async function isTaken(storedZone: string): Promise<boolean> {
  return (await failureOf(() => new EventsTable("orders", { storedZone }))) === undefined;
}

describeEachServer((engine) => {
  // Catches an offset that no server takes: every time of the table would be null, told only once rows are read. MariaDB
  // takes fewer than MySQL, and what a stream says of a null time helps there.
  test.each(offsets)("storedZone takes %s if a server does", async (offset) => {
    const pool = await engine.createRawPool();
    const [[row]] = await pool.query<RowDataPacket[]>("select convert_tz('2026-01-01', ?, '+00:00') as utc", [offset]);
    const isServers = (row?.["utc"] ?? null) !== null;
    const taken = await isTaken(offset);
    expect(taken).toBe(engine.vendor === "mysql" ? isServers : taken || isServers);
  });

  test("storedZone takes names of zones as the server's time zone tables have them, and nothing else", async () => {
    for (const name of names) expect(`${name} ${await isTaken(name)}`).toBe(`${name} true`);
    for (const name of noNames) expect(`${name} ${await isTaken(name)}`).toBe(`${name} false`);
  });
});
