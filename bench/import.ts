import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchCase, Figures } from "./bench-case.ts";
import { median, rounded } from "./interleaved.ts";

const DRIVER = "mysql2/promise";
const PACKAGE = "reflex-rsql";

/** What importing the package adds to the start of a process. */
export const importing: BenchCase = {
  name: "import",
  title: "Importing the package",
  about:
    "In a process of its own each time, by turns: the package after the driver, whose modules of Node.js it can use; and the package alone. `moreMs` is the package's part.",
  run: async ({ quick }) => {
    const besides: ImportTimes[] = [];
    const alone: ImportTimes[] = [];
    for (let round = 0; round < (quick ? 3 : 15); round++) {
      besides.push(await importTimes([DRIVER, PACKAGE]));
      alone.push(await importTimes([PACKAGE]));
    }
    return [
      {
        name: "besides the driver",
        figures: {
          ...spread(besides.map((times) => times[PACKAGE])),
          driverMs: rounded(median(besides.map((times) => times[DRIVER] ?? Number.NaN))),
        },
        reach: [{ figure: "moreMs", atMost: 15 }],
      },
      { name: "alone", figures: spread(alone.map((times) => times[PACKAGE])) },
    ];
  },
};

/** The ms that each import took, by what was imported. */
type ImportTimes = Readonly<Record<string, number>>;

async function importTimes(modules: readonly string[]): Promise<ImportTimes> {
  // The compiled file: nothing rewrites the ending of a path that is no import.
  const program = fileURLToPath(new URL("import-times.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...modules]);
  return JSON.parse(stdout) as ImportTimes;
}

function spread(times: readonly (number | undefined)[]): Figures {
  const known = times.map((time) => time ?? Number.NaN);
  return {
    moreMs: rounded(median(known)),
    lowestMs: rounded(Math.min(...known)),
    highestMs: rounded(Math.max(...known)),
    n: known.length,
  };
}
