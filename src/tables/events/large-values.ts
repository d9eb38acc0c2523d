import type { SqlParam, Statement } from "../../database/database.ts";
import { isPoolEnded, meaningOf } from "../../database/sql-errors.ts";
import { driverFacts, errorsUnder } from "../../errors/driver-error.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import { LOT_BYTES } from "./insert-lots.ts";
import { insertedColumns } from "./insert-values.ts";
import type { TableDefinition } from "./table-context.ts";

const PACKET_TOO_LARGE = 1153;
const DATA_TOO_LONG = 1406;

export interface FailedStatement extends TableDefinition {
  /** What was sent; undefined if nothing was. */
  readonly statement: Statement | undefined;
  /** The table as it is known; undefined if it is not. */
  readonly description: TableDescription | undefined;
}

/** What to do where an insert has failed since its values are too large; undefined if it has failed for another reason. */
export function largeValuesRemedy(error: unknown, failed: FailedStatement): string | undefined {
  const facts = errorsUnder(error).map(driverFacts);
  const tooLong = facts.find((found) => found?.number === DATA_TOO_LONG);
  if (tooLong !== undefined) return columnRemedy(tooLong.message, failed);
  const { statement } = failed;
  if (statement === undefined) return undefined;
  const bytes = bytesOfValues(statement.params);
  if (facts.some((found) => found?.number === PACKET_TOO_LARGE)) {
    return `${sized(bytes, failed)}, and the server takes packets up to its max_allowed_packet: ${MAKE_ROOM}`;
  }
  // Some servers close the connection while the packet is still being sent: their answer is lost then.
  if (bytes <= LOT_BYTES || !isCutOff(error)) return undefined;
  return `${sized(bytes, failed)}, and a server closes connections that send it more than its max_allowed_packet: ${MAKE_ROOM}; if that is large enough, check that the server runs and can be reached`;
}

const MAKE_ROOM = "raise it, or store the large part elsewhere and its place in the event";

function isCutOff(error: unknown): boolean {
  const meaning = meaningOf(error);
  return meaning === "connection_lost" || (meaning === "connection_closed" && !isPoolEnded(error));
}

function sized(bytes: number, { statement, config }: FailedStatement): string {
  const isOneEvent = statement?.params.length === insertedColumns(config.fields).length;
  return `${isOneEvent ? "the event has" : "the events of the statement have"} ${bytes} bytes`;
}

function bytesOfValues(params: readonly SqlParam[]): number {
  let bytes = 0;
  for (const param of params) {
    if (typeof param === "string" || param instanceof Uint8Array) bytes += Buffer.byteLength(param);
  }
  return bytes;
}

/** What to do where the server says that a column is too short. */
function columnRemedy(message: string, { config, description }: FailedStatement): string | undefined {
  const name = /^Data too long for column '(.+)' at row \d+$/.exec(message)?.[1]?.toLowerCase();
  const { metadata, trace } = config.fields;
  if (name === undefined || ![metadata?.toLowerCase(), trace?.toLowerCase()].includes(name)) return undefined;
  const column = description?.columns.get(name);
  if (column?.maxLength === undefined) return "that column is too short: alter it to LONGBLOB";
  const unit = column.charset === undefined ? "bytes" : "characters";
  return `column ${column.name} is ${column.fullType} and holds no more than ${column.maxLength} ${unit}: alter it to LONGBLOB`;
}
