import {
  type EventParts,
  type EventsLoader,
  type Executor,
  type LoadRequest,
  makeEvent,
  type ReflexEvent,
} from "reflex-rsql";

interface Row extends Omit<EventParts, "timestampMicros"> {
  readonly micros: number | string;
}

/** The time of an event of a table aliased e. */
export const MICROS = "timestampdiff(microsecond, '1970-01-01', e.timestamp) as micros";

/** Makes events of what the query gives: id, type, foreignId, micros and perhaps metadata, of a table aliased e. */
export async function load(db: Executor, sql: string, { after, limit }: LoadRequest): Promise<ReflexEvent[]> {
  const rows = await db.rows<Row>(`${sql} where e.id > ? order by e.id limit ${limit}`, [after]);
  return rows.map(({ micros, ...row }) => makeEvent({ ...row, timestampMicros: Number(micros) }));
}

/** Loads what the table's own query would. */
export function ownColumns(name: string): EventsLoader {
  const sql = `select cast(e.id as char) as id, e.type, e.foreign_id as foreignId, ${MICROS} from ${name} e`;
  return (db, request) => load(db, sql, request);
}

/** Returns the same each time. */
export function fixed(...events: readonly unknown[]): EventsLoader {
  return () => Promise.resolve(events as ReflexEvent[]);
}

/** An event, but for its id. */
export function eventWithId(id: unknown): object {
  return { id, type: 1, foreignId: "f", timestampMicros: 1, metadata: undefined, trace: undefined };
}
