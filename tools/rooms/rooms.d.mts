/** A folder of src/, which may import its own files and rooms of lower floors. */
export interface Room {
  /** The folder below src/; "" for the files of src/ itself. */
  readonly path: string;
  /** Rooms import only rooms of lower floors. */
  readonly floor: number;
  /** What the room is for, in one line. */
  readonly purpose: string;
  /** The rooms that it may import, where that is fewer than all below it. */
  readonly only?: readonly string[];
  /** Set while it is only a name: the folder is not there yet. */
  readonly planned?: boolean;
}

export const rooms: readonly Room[];

/** The room of a file of src/, by its path from the repository; undefined if its folder is none. */
export function roomOf(file: string): Room | undefined;
