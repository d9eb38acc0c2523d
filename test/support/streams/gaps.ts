import type { Pool, RowDataPacket } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { openInsert } from "./streams.ts";

/** A row as it is stored. */
export interface StoredRow {
  readonly id: string;
  readonly type: number;
}

/** All rows of the table, noops too, ascending. */
export async function storedRows(pool: Pool, table: EventsTable): Promise<StoredRow[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `select cast(id as char) as id, type from ${table.name} order by ${table.name}.id`,
  );
  return rows.map(({ id, type }) => ({ id: String(id), type: Number(type) }));
}

/** The ids of all noops, ascending. */
export async function noopIds(pool: Pool, table: EventsTable): Promise<string[]> {
  return (await storedRows(pool, table)).filter(({ type }) => type === 0).map(({ id }) => id);
}

/** The ids of all rows that are events, ascending. */
export async function eventIds(pool: Pool, table: EventsTable): Promise<string[]> {
  return (await storedRows(pool, table)).filter(({ type }) => type !== 0).map(({ id }) => id);
}

/** Leaves `size` ids missing for good, as a transaction does that inserts and rolls back. */
export async function leaveGap(pool: Pool, table: EventsTable, size = 1): Promise<void> {
  const rolledBack = await openInsert(
    pool,
    table,
    Array.from({ length: size }, () => "rolled back"),
  );
  await rolledBack.rollback();
}

/** The types of all rows by id: 0 is a noop. */
export async function storedTypes(pool: Pool, table: EventsTable): Promise<number[]> {
  return (await storedRows(pool, table)).map(({ type }) => type);
}

/** Inserts the first event and the third, with id 2 missing for good between them. */
export async function insertAroundGap(pool: Pool, table: EventsTable): Promise<void> {
  await table.insert(pool, "1", 1);
  await leaveGap(pool, table);
  await table.insert(pool, "3", 1);
}

/** What an observer was told, and a promise for what it is told next. */
export class Reports<R> {
  readonly all: R[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (report: R): void => {
    this.all.push(report);
    for (const look of this.#waiting) look();
  };

  /** The first report that matches, now or later. */
  first(matches: (report: R, index: number) => boolean = () => true): Promise<R> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.find(matches);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The first report that matches from now on. */
  next(matches: (report: R) => boolean = () => true): Promise<R> {
    const from = this.all.length;
    return this.first((report, index) => index >= from && matches(report));
  }
}

/** The ids from `first` to `last`. */
export function idRange(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}
