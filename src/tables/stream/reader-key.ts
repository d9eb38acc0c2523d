import type { SqlParam } from "../../database/database.ts";
import { parseTableName } from "../../database/identifiers.ts";
import type { GapConfig } from "../events/gap-options.ts";
import type { TableReaderSource } from "../reader/table-reader.ts";

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** A number that stands for one object or function. */
function numberOf(thing: object | undefined): number {
  if (thing === undefined) return 0;
  const known = numbers.get(thing) ?? ++lastNumber;
  numbers.set(thing, known);
  return known;
}

/**
 * What a reader depends on, as text: streams of one database with equal texts may share a reader. `orderNumber` tells which call
 * of `fillGaps` or `stopFillingGaps` counts for the stream's table: an object of which that was asked reads for itself.
 */
export function readerKey(source: ReaderKeySource, orderNumber: number): string {
  const { table, config, plainColumns, noopProblem } = source;
  const { fields, time, foreignIdBytes, noopForeignId, loader, gaps, wake, backoffMs, limit } = config;
  const { acquireTimeoutMs, statementTimeoutMs } = config;
  return JSON.stringify([
    parseTableName(table),
    [fields.id, fields.time, fields.type, fields.foreignId, fields.metadata, fields.trace],
    [time.column, time.zone, foreignIdBytes, noopForeignId, plainColumns, noopProblem],
    // Text, since a limit may be Infinity, for which JSON has no number.
    [backoffMs, limit, acquireTimeoutMs, statementTimeoutMs].map(String),
    wake === false ? wake : [wake.gtid, String(wake.hotMs), String(wake.idleMs)],
    numberOf(loader),
    [orderNumber, gaps.filling, String(gaps.graceMs), String(gaps.maxIds)],
    [
      numberOf(gaps.primary?.identity),
      candidatesKey(gaps.candidates),
      gaps.probe?.map(({ identity }) => numberOf(identity)),
    ],
    Object.entries(gaps.noopValues)
      .toSorted(byName)
      .map(([column, value]) => [column, typeof value, paramText(value)]),
  ]);
}

export type ReaderKeySource = Pick<TableReaderSource, "table" | "config" | "plainColumns" | "noopProblem">;

function candidatesKey(candidates: GapConfig["candidates"]): unknown {
  return typeof candidates === "function"
    ? numberOf(candidates)
    : candidates?.map(({ identity }) => numberOf(identity));
}

function byName([one]: [string, SqlParam], [other]: [string, SqlParam]): number {
  return one < other ? -1 : 1;
}

function paramText(value: SqlParam): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}
