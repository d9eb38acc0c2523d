import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Pool } from "mysql2/promise";
import type { BenchContext, BenchRow } from "./bench-case.ts";
import { fillTable, makeTable } from "./bench-tables.ts";

const PROCESS = fileURLToPath(new URL("large-events-process.js", import.meta.url));
const STREAMS = 20;
const MIB: number = 1024 * 1024;

/** What the process that reads prints. */
export interface GrownMemory {
  readonly residentBytes: number;
  readonly bufferBytes: number;
  readonly events: number;
}

/** The memory of a process with slow streams at many places of a table of large events, with each driver. */
export async function slowStreams({ url, quick }: BenchContext, pool: Pool): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  const warmUp = await makeTable(pool, { metadataField: "metadata" });
  await fillTable(pool, warmUp, { count: 5000, columns: { metadata: "'small'" } });
  for (const { size, count } of quick ? [{ size: 100_000, count: 200 }] : SIZES) {
    const { name } = await makeTable(pool, { metadataField: "metadata" });
    await pool.query(`alter table \`${name}\` modify metadata longblob`);
    await fillTable(pool, { name }, { count, columns: { metadata: `repeat('x', ${size})` } });
    for (const driver of ["mysql2", "mariadb"]) {
      const numbers = [count, STREAMS, quick ? 500 : 6000].map(String);
      const args = [PROCESS, driver, url, warmUp.name, name, ...numbers];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { residentBytes, bufferBytes, events } = JSON.parse(stdout) as GrownMemory;
      const beyond = (bytes: number): number => Math.round((bytes - size) / MIB);
      rows.push({
        name: `${STREAMS} slow streams, events of ${size} bytes, ${driver}`,
        figures: {
          residentMiBBeyondLargest: beyond(residentBytes),
          buffersMiBBeyondLargest: beyond(bufferBytes),
          n: events,
        },
        reach: [
          { figure: "residentMiBBeyondLargest", atMost: 64 },
          { figure: "buffersMiBBeyondLargest", atMost: 64 },
        ],
      });
    }
  }
  return rows;
}

const SIZES: readonly { readonly size: number; readonly count: number }[] = [
  { size: 3000, count: 60_000 },
  { size: 30_000, count: 10_000 },
  { size: 100_000, count: 5000 },
  { size: 1_000_000, count: 1000 },
  { size: 10_000_000, count: 60 },
];
