import { link, lstat, rename, stat, unlink } from "node:fs/promises";
import { readProperty } from "../../../errors/thrown.ts";

/** Tells a socket file from a later one at the same path, which may have got the same inode. */
export interface FileMark {
  readonly inode: bigint;
  readonly changed: bigint;
}

/**
 * The mark of the socket at this path, or undefined if there is no file.
 * @throws Error if the file is no socket, or a symbolic link that leads nowhere
 */
export async function markOf(path: string): Promise<FileMark | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    if (!file.isSocket()) throw new Error("there is a file of another kind");
    return { inode: file.ino, changed: file.ctimeNs };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    await refuseDanglingLink(path);
    return undefined;
  }
}

/** A symbolic link to nothing looks as if there were no file, and keeps a socket from being put there all the same. */
async function refuseDanglingLink(path: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isSymbolicLink() !== true) return;
  // What the link leads to may have been made since it was looked for.
  const target = await stat(path).catch(() => undefined);
  if (target === undefined) throw new Error("there is a symbolic link that leads to no file: remove the link");
}

export function isSameFile(a: FileMark | undefined, b: FileMark | undefined): boolean {
  return a !== undefined && a.inode === b?.inode && a.changed === b.changed;
}

/**
 * Moves a socket from its temporary path to this path. It may replace only the socket `stale`, on which no process listens.
 * Resolves with the mark of the moved socket, or with undefined if another process claimed the path first.
 */
export async function claimPath(
  temporary: string,
  path: string,
  stale: FileMark | undefined,
): Promise<FileMark | undefined> {
  const own = await markOf(temporary);
  if (stale === undefined) {
    try {
      // Unlike a rename, a link fails when another process has put its socket at the path by now.
      await link(temporary, path);
    } catch (error) {
      if (hasCode(error, "EEXIST")) return undefined;
      throw error;
    }
    await unlink(temporary);
  } else {
    if (!isSameFile(await markOf(path), stale)) return undefined;
    // Two processes can get here at once, and the second rename replaces the first process's socket. The first process
    // finds that out below, or when its hub looks at the mark later.
    await rename(temporary, path);
  }
  // Moving the socket has changed its mark but for the inode, which no other file gets while a process listens on it.
  const mark = await markOf(path);
  return mark?.inode === own?.inode ? mark : undefined;
}

/** Removes the socket at this path if it still has this mark. */
export async function giveUpPath(path: string, mark: FileMark): Promise<void> {
  if (!isSameFile(await markOf(path).catch(() => undefined), mark)) return;
  await unlink(path).catch(() => undefined);
}

function hasCode(error: unknown, code: string): boolean {
  return readProperty(error, "code") === code;
}
