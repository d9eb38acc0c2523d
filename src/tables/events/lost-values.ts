import { ReflexError } from "../../errors/reflex-error.ts";
import type { EventRow } from "./event-row.ts";

// The lowest max_allowed_packet: shorter values are never lost. Some types, such as UUID, have shorter bytes than text.
const LEAST_PACKET_BYTES = 1024;

/** Throws `wrong_schema` if a cast of the server has lost the metadata or trace of one of these rows. */
export function checkLostValues(rows: readonly EventRow[], table: string): void {
  const [first] = rows;
  if (first?.metadata_length === undefined && first?.trace_length === undefined) return;
  for (const row of rows) {
    if (row.left_out_bytes !== undefined && row.left_out_bytes !== null) continue;
    checkValue({ table, row, what: "metadata", expected: row.metadata_length, found: row.metadata_bytes });
    checkValue({ table, row, what: "trace", expected: row.trace_length, found: row.trace_bytes });
  }
}

interface CheckedValue {
  readonly table: string;
  readonly row: EventRow;
  readonly what: "metadata" | "trace";
  readonly expected: EventRow["metadata_length"];
  readonly found: Uint8Array | null | undefined;
}

function checkValue({ table, row, what, expected, found }: CheckedValue): void {
  const [bytes, foundBytes] = [Number(expected ?? 0), found?.byteLength ?? 0];
  // variant place: values that a cast has lost
  const isWhole = foundBytes >= bytes || (foundBytes > 0 && bytes < LEAST_PACKET_BYTES);
  if (isWhole) return;
  const isKnown = bytes >= LEAST_PACKET_BYTES;
  const size = isKnown ? `has ${bytes} bytes, more` : "has more bytes";
  throw new ReflexError(
    "wrong_schema",
    `the ${what} of row ${row.id_value} of ${table} can't be read: it ${size} than the server's max_allowed_packet lets it convert; raise max_allowed_packet of the server that is read from and connect again, or make the column a LONGBLOB, which streams read as it is`,
    { details: { table, eventId: String(row.id_value), ...(isKnown ? { bytes } : {}) } },
  );
}
