import type { PageReader } from "../pages/page-reader.ts";
import { fitsPosition, type Position } from "../position/position.ts";
import { headStart, pruneStart } from "../position/start-rules.ts";
import type { TableReader } from "../reader/table-reader.ts";
import type { FeedSource } from "./feed.ts";

/** Where a stream begins and ends. */
export interface Start {
  readonly position: Position;
  /** Ids that a stream from the head leaves out, since they were committed before it was opened. */
  readonly leaveOut: ReadonlySet<bigint>;
  /** The last id to be delivered; undefined for a stream without end. */
  readonly target: bigint | undefined;
}

/** Reads what a stream's start depends on. Any error rejects: nothing is tried again before the first success. */
export async function startOf(reader: TableReader, source: FeedSource): Promise<Start> {
  const { pages } = reader;
  const { database, signal } = source;
  const { after, expected, fromHead, toHead } = source.bounds;
  const target = toHead ? await pages.readHead() : undefined;
  const begin = (position: Position, leaveOut: ReadonlySet<bigint> = new Set()): Start => ({
    position,
    leaveOut,
    target,
  });
  const atCursor = (id: bigint): Promise<Position> => cursorStart(pages, { id, anchor: undefined }, signal);
  if (!fromHead && after === 0n) return begin(await tableStart(reader, source));
  if (!fromHead) return begin(await cursorStart(pages, { id: after, anchor: undefined, expected }, signal));
  if (!database.dialect.gapsCanClose) return begin(await atCursor(await pages.readHead()));
  const ids = await pages.readRecentIds();
  const head = headStart(ids, await floorBelow(reader, ids[0], signal));
  const position = await atCursor(head.after);
  return begin(position.anchor === undefined ? { ...position, floor: true } : position, head.committed);
}

/**
 * The row at the position becomes the anchor. If it is missing or is not the expected one, the first poll decides what that
 * means, and each poll after it compares anew.
 */
async function cursorStart(pages: PageReader, position: Position, signal: AbortSignal): Promise<Position> {
  const { id } = position;
  if (id === 0n) return position;
  const first = await pages.readRow(id, signal);
  const passed = first !== undefined && BigInt(first.id) === id && fitsPosition(first, position);
  return passed ? { id, anchor: first } : position;
}

async function tableStart(reader: TableReader, source: FeedSource): Promise<Position> {
  const { pages } = reader;
  const { database, signal } = source;
  const { firstId } = source.bounds;
  if (firstId !== undefined) return { id: firstId - 1n, anchor: undefined, floor: true };
  if (!database.dialect.gapsCanClose) return { id: 0n, anchor: undefined };
  const first = await pages.readRow(0n, signal);
  const floor = await floorBelow(reader, first === undefined ? undefined : BigInt(first.id), signal);
  return { id: floor, anchor: undefined, floor: true };
}

/** The position to start at below the table's first row. An empty table's counter tells how many rows it has had. */
export async function floorBelow(
  reader: TableReader,
  lowest: bigint | undefined,
  signal: AbortSignal,
): Promise<bigint> {
  const { pages } = reader;
  const floor = lowest === undefined ? await floorOfEmpty(pages) : await floorOfPruned(pages, lowest, signal);
  return floor === 0n ? 0n : reader.belowOpenRows(floor);
}

async function floorOfEmpty(pages: PageReader): Promise<bigint> {
  const { nextId } = await pages.readEdges();
  return nextId === undefined ? 0n : pruneStart({ id: nextId, ageMs: 0 });
}

/**
 * The position to start at below the first row. Noops at the table's start come from earlier starts. So the rule goes by the
 * first event: else each start would insert noops further down than the last.
 */
async function floorOfPruned(pages: PageReader, lowest: bigint, signal: AbortSignal): Promise<bigint> {
  const event = await pages.readFirstEvent(lowest, signal);
  if (event === undefined) return 0n;
  const ageMs = ((await pages.readClockMicros()) - event.timestampMicros) / 1000;
  const floor = pruneStart({ id: BigInt(event.id), ageMs });
  return floor < lowest ? floor : lowest - 1n;
}
