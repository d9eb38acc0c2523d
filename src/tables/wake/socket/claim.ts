import { link, rename, stat, unlink } from "node:fs/promises";

/** Which file it is: the next one at the same path, even with the same inode, has another mark. */
export interface FileMark {
  readonly inode: bigint;
  readonly changed: bigint;
}

/** The mark of the socket at this path; undefined if there is none. @throws Error if it is another kind of file */
export async function markOf(path: string): Promise<FileMark | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    if (!file.isSocket()) throw new Error("there is a file of another kind");
    return { inode: file.ino, changed: file.ctimeNs };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export function isSameFile(a: FileMark | undefined, b: FileMark | undefined): boolean {
  return a !== undefined && a.inode === b?.inode && a.changed === b.changed;
}

/**
 * Moves a socket from its temporary path to this one, in place of the `stale` one that nobody listens on. Resolves with its
 * mark, or undefined if another process was faster.
 */
export async function claimPath(
  temporary: string,
  path: string,
  stale: FileMark | undefined,
): Promise<FileMark | undefined> {
  const own = await markOf(temporary);
  if (stale === undefined) {
    try {
      // Unlike a rename it fails when there is one by now.
      await link(temporary, path);
    } catch (error) {
      if (hasCode(error, "EEXIST")) return undefined;
      throw error;
    }
    await unlink(temporary);
  } else {
    if (!isSameFile(await markOf(path), stale)) return undefined;
    // Two processes can get here at once. The one that is replaced finds out here, or when it looks at its mark later.
    await rename(temporary, path);
  }
  // Moving has changed it, but for its inode, which no other file gets while someone listens on it.
  const mark = await markOf(path);
  return mark?.inode === own?.inode ? mark : undefined;
}

/** Removes the socket that has this mark, if it is there still. */
export async function giveUpPath(path: string, mark: FileMark): Promise<void> {
  if (!isSameFile(await markOf(path).catch(() => undefined), mark)) return;
  await unlink(path).catch(() => undefined);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
