// The numbers of rows that one statement inserts. There are few, so that a connection prepares few texts. 1000 rows of
// four values are far below the 65 535 that the server takes.
const LOT_ROWS = [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1] as const;

/**
 * The most bytes of values that one statement of several rows holds. Servers take no packet beyond their max_allowed_packet,
 * which is 1 MiB or more unless somebody has set less.
 */
export const LOT_BYTES = 1_000_000;

/** Which rows are still to be inserted. */
export interface RowsToInsert {
  /** The index of the first of them. */
  readonly start: number;
  /** The index behind the last of them. */
  readonly end: number;
  /** At most how many bytes the values of the row at this index have. */
  readonly bytesOf: (index: number) => number;
}

/** How many of the rows the next statement inserts. A row that is too large for a lot goes alone. */
export function lotSize({ start, end, bytesOf }: RowsToInsert): number {
  const most = Math.min(start + LOT_ROWS[0], end);
  let next = start;
  for (let bytes = 0; next < most; next++) {
    bytes += bytesOf(next);
    if (bytes > LOT_BYTES) break;
  }
  return LOT_ROWS.find((rows) => rows <= next - start) ?? 1;
}
