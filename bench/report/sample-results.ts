import type { BenchCase, BenchRow } from "../bench-case.ts";
import type { BenchResult } from "../bench-result.ts";

// Results with all that a report can be asked to tell, for its tests.
const FACTS = {
  measuredAt: "2026-01-02T03:04:05.678Z",
  hardware: "2 cores (A Processor), 8 GiB of memory",
  node: "20.20.2",
  driver: "mysql2 3.24.6",
  load: 0.4,
};

export function sampleResult(more: Partial<BenchResult> = {}): BenchResult {
  return { case: "reading", vendor: "mariadb", version: "10.11.6-MariaDB-0+deb12u1", rows: [], ...FACTS, ...more };
}

export function sampleCase(more: Partial<BenchCase> = {}): BenchCase {
  return { name: "reading", title: "Reading, of all kinds", about: "One way against another.", run: noRows, ...more };
}

async function noRows(): Promise<readonly BenchRow[]> {
  return [];
}

const reading = { figure: "ratio", atLeast: 1.5 };

export const sampleCases: readonly BenchCase[] = [
  sampleCase({ chart: { figure: "ratio", line: 1 } }),
  sampleCase({ name: "waiting", title: "Waiting", chart: { figure: "p50Ms" } }),
  sampleCase({ name: "unmeasured", title: "Not measured anywhere" }),
];

export const sampleResults: readonly BenchResult[] = [
  sampleResult({
    rows: [
      {
        name: "row by row",
        figures: { ratio: 1.62, lowest: 1.4, highest: 1.81, rounds: 7, eventsPerSecond: 412_345 },
        reach: [reading],
      },
      {
        name: "a page | of many rows at once, with a name that is far too long for one line of a chart",
        figures: { ratio: 64.2, lowest: 60, highest: 70.1, rounds: 7, eventsPerSecond: 1_234_567 },
        reach: [{ figure: "ratio", atLeast: 2 }],
      },
      { name: "with a driver that is not here", figures: {}, reach: [reading], note: "not measured: no such driver" },
    ],
  }),
  sampleResult({
    vendor: "mysql",
    version: "9.7.4-2",
    rows: [
      {
        name: "row by row",
        figures: { ratio: 1.4999, lowest: 1.2, highest: 1.55, rounds: 7, eventsPerSecond: 98_765 },
        reach: [reading],
      },
      {
        name: "a page | of many rows at once, with a name that is far too long for one line of a chart",
        figures: { ratio: 1.9, lowest: 1.7, highest: 2.1, rounds: 7, eventsPerSecond: 1_034_567 },
        reach: [{ figure: "ratio", atLeast: 1.8 }],
      },
      { name: "with a driver that is not here", figures: {}, reach: [reading], note: "not measured: no such driver" },
      { name: "what only MySQL has", figures: { ratio: 0.8, rounds: 7 }, note: "MariaDB has none" },
    ],
  }),
  sampleResult({
    case: "waiting",
    rows: [
      {
        name: "for the next event",
        figures: { p50Ms: 3.21, p99Ms: 12.345, maxMs: 1234.5, n: 500 },
        reach: [
          { figure: "p50Ms", atMost: 4 },
          { figure: "maxMs", atMost: 1000 },
        ],
      },
    ],
  }),
];
