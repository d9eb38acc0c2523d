import { CountedRegistry } from "../../waiting/counted-registry.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import { SharedGapControl } from "../gaps/shared-gap-control.ts";
import { type ReaderMember, TableReader, type TableReaderSource } from "../reader/table-reader.ts";
import { readerKey } from "./reader-key.ts";

/** A reader, lent to one stream. */
export interface LentReader {
  readonly reader: TableReader;
  /** Called once, when the stream has ended. */
  readonly giveBack: () => void;
}

export interface SharedReaderMember extends ReaderMember {
  /** The control of the stream's table. */
  readonly gaps: GapControl;
}

/** What the streams of one database share. */
class DatabaseReaders {
  readonly #readers = new CountedRegistry<string, TableReader>();
  // A table's control is held by those that share it. It stays as long as any of them, so that filling that was stopped
  // stays stopped while no stream is open.
  readonly #controls = new Map<string, WeakRef<SharedGapControl>>();
  readonly #forgotten = new FinalizationRegistry<string>((key) => {
    if (this.#controls.get(key)?.deref() === undefined) this.#controls.delete(key);
  });

  lend(source: TableReaderSource, member: SharedReaderMember): LentReader {
    const key = readerKey(source);
    const gaps = this.#control(key, source);
    const reader = this.#readers.acquire(key, () => new TableReader({ ...source, gaps }));
    const release = (): void => this.#readers.release(key)?.close();
    try {
      const leave = reader.join(member);
      const leaveGaps = gaps.join(member.gaps);
      return {
        reader,
        giveBack: () => {
          leave();
          leaveGaps();
          release();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  #control(key: string, { config, reporting }: TableReaderSource): SharedGapControl {
    const known = this.#controls.get(key)?.deref();
    if (known !== undefined) return known;
    const control = new SharedGapControl(config.gaps, reporting);
    this.#controls.set(key, new WeakRef(control));
    this.#forgotten.register(control, key);
    return control;
  }
}

const databases = new WeakMap<object, DatabaseReaders>();

/** Lends a stream the reader that it shares with all streams of this database that read the table in the same way. */
export function lendSharedReader(source: TableReaderSource, member: SharedReaderMember): LentReader {
  const { identity } = source.database;
  const readers = databases.get(identity) ?? new DatabaseReaders();
  databases.set(identity, readers);
  return readers.lend(source, member);
}

/** Makes a reader for one stream. */
export function lendOwnReader(source: TableReaderSource, member: ReaderMember): LentReader {
  const reader = new TableReader(source);
  try {
    const leave = reader.join(member);
    return {
      reader,
      giveBack: () => {
        leave();
        reader.close();
      },
    };
  } catch (error) {
    reader.close();
    throw error;
  }
}
