import type { Database } from "../../database/database.ts";
import { TableReader, type TableReaderSource } from "./table-reader.ts";

/** The readers of one table object: one per database, for as long as a stream uses it. */
export class TableReaders {
  readonly #readers = new Map<object, { reader: TableReader; users: number }>();

  /** The reader of this database; call {@link release} once when done with it. */
  acquire(database: Database, make: () => TableReaderSource): TableReader {
    let entry = this.#readers.get(database.identity);
    if (entry === undefined) {
      entry = { reader: new TableReader(make()), users: 0 };
      this.#readers.set(database.identity, entry);
    }
    entry.users++;
    return entry.reader;
  }

  release(database: Database): void {
    const entry = this.#readers.get(database.identity);
    if (entry === undefined) return;
    entry.users--;
    if (entry.users > 0) return;
    this.#readers.delete(database.identity);
    entry.reader.close();
  }
}
