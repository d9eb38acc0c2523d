import type { Database } from "../../database/database.ts";
import { TableReader, type TableReaderSource } from "./table-reader.ts";

/** The readers of one table object: one per database, for as long as a stream uses it. */
export class TableReaders {
  readonly #readers = new Map<object, TableReader>();

  /** The reader of this database; call {@link release} once when done with it. */
  acquire(database: Database, make: () => TableReaderSource): TableReader {
    let reader = this.#readers.get(database.identity);
    if (reader === undefined) {
      reader = new TableReader(make());
      this.#readers.set(database.identity, reader);
    }
    reader.streams++;
    return reader;
  }

  release(database: Database): void {
    const reader = this.#readers.get(database.identity);
    if (reader === undefined) return;
    reader.streams--;
    if (reader.streams > 0) return;
    this.#readers.delete(database.identity);
    reader.close();
  }
}
