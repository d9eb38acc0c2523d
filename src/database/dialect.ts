/** How an events table stores its times. */
export interface TimeStorage {
  /** The type of the column: `datetime(6)`, `datetime` (whole seconds) or `timestamp`. */
  readonly column: "datetime6" | "datetime" | "timestamp";
  /** The time zone of the clock that wrote a `datetime` column, as `convert_tz` takes it. UTC if undefined. */
  readonly zone: string | undefined;
}

/** The SQL in which servers differ, as fragments of text. Columns are given as quoted names, which may be qualified. */
export interface Dialect {
  /** Which SQL it is. "mysql" is for MariaDB too. */
  readonly name: "mysql" | "sqlite";
  /**
   * Whether a missing id below a visible one may still be committed. On SQLite it can't: ids are given under the write
   * lock there, so that a gap is final.
   */
  readonly gapsCanClose: boolean;
  /**
   * Checks an identifier and puts it in quotes. Of `schema.table` both parts are quoted.
   * @throws TypeError `invalid_identifier`
   */
  quote(identifier: string): string;
  /** An integer column in the cheapest form that no driver rounds: as a number, a bigint or text. */
  exactInteger(column: string): string;
  /**
   * The column as text, exact for any integer. Its alias must not be the column's own name, or ORDER BY would sort by
   * the text.
   */
  asText(column: string): string;
  /** A column of bytes as lower-case hex. */
  asHex(column: string): string;
  /** A placeholder for decimal text, which is compared and stored as an exact integer. */
  readonly integerParam: string;
  /** A placeholder or column that is compared byte by byte. */
  asBytes(expression: string): string;
  /** How many bytes a column's value has as {@link asBytes} gives it, without that cast where it may lose the value. */
  byteLength(column: string): string;
  /**
   * How many bytes a column's value should have as {@link asBytes} gives it: 1 or more for one that is not empty, though its
   * length be unknown. Undefined if no value is too long for the cast.
   */
  leastByteLength(column: string): string | undefined;
  /** A text or integer column, as an integer. */
  asInteger(column: string): string;
  /** The server's clock as microseconds since 1970, UTC, whatever the session's time zone. */
  readonly nowMicros: string;
  /** The id that the table's next insert will get, as text; null if the server does not tell. */
  nextId(table: string): string;
  /** The server's clock, in UTC, as a cursors table stores it. */
  readonly utcNow: string;
  /** The server's clock, as an events table with this storage stores it. */
  eventTime(storage: TimeStorage): string;
  /** A stored event time as microseconds since 1970, UTC. */
  eventMicros(column: string, storage: TimeStorage): string;
}
