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

interface SharedReader {
  readonly reader: TableReader;
  readonly gaps: SharedGapControl;
}

const readersOf = new WeakMap<object, CountedRegistry<string, SharedReader>>();

/** Lends a stream the reader that it shares with all streams of this database that read the table in the same way. */
export function lendSharedReader(source: TableReaderSource, member: SharedReaderMember): LentReader {
  const { identity } = source.database;
  const readers = readersOf.get(identity) ?? new CountedRegistry<string, SharedReader>();
  readersOf.set(identity, readers);
  const key = readerKey(source, member.gaps.orderNumber);
  const { reader, gaps } = readers.acquire(key, () => {
    const control = new SharedGapControl(source.config.gaps, source.reporting);
    return { reader: new TableReader({ ...source, gaps: control }), gaps: control };
  });
  const release = (): void => readers.release(key)?.reader.close();
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
