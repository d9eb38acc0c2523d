import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { lastLine, peersFolder } from "./packages.ts";

/** A program that runs on this machine. */
export interface Program {
  /** What to start: the program, behind `env` if it needs libraries of its own. */
  readonly command: readonly string[];
  readonly path: string;
  readonly version: string;
}

export interface WantedProgram {
  readonly file: string;
  /** Debian's package of it. */
  readonly debianPackage: string;
  /** Where it may lie besides the usual folders; `*` is any name. */
  readonly folder?: string;
}

const run = promisify(execFile);

/** The program in the usual places, else that of Debian's package, which is unpacked into a cache folder. */
export async function findProgram(wanted: WantedProgram): Promise<Program> {
  const installed = await firstThatRuns(candidates(wanted, ""), "");
  if (installed !== undefined) return installed;
  const root = join(cacheFolder(), wanted.debianPackage);
  const reason = existsSync(root) ? "" : await fetchServer(wanted.debianPackage, root);
  const unpacked = await firstThatRuns(candidates(wanted, join(root, "root")), join(root, "root"));
  if (unpacked !== undefined) return unpacked;
  throw new Error(`no ${wanted.file} that runs was found. ${reason || `Install Debian's ${wanted.debianPackage}`}`);
}

/** Other programs of the same package and folder. */
export function besides({ command, path }: Program, file: string): readonly string[] {
  return [...command.slice(0, -1), path.replace(/[^/]+$/, file)];
}

/** Runs a program to its end, in a folder that any user may read; resolves with what it printed. */
export async function runCommand([program = "", ...flags]: readonly string[]): Promise<string> {
  const { stdout } = await run(program, flags, { timeout: 180_000, cwd: "/" });
  return stdout;
}

function candidates({ file, folder }: WantedProgram, root: string): readonly string[] {
  const path = root === "" ? (process.env["PATH"] ?? "").split(delimiter).filter(Boolean) : [];
  const usual = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map((name) => join(root, name));
  return [...path, ...usual, ...(folder === undefined ? [] : matches(join(root, folder)))].map((name) =>
    join(name, file),
  );
}

/** Highest first: Debian has a folder for each version of PostgreSQL. */
function matches(folder: string): readonly string[] {
  const [parent = "", rest = ""] = folder.split("/*/");
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).toSorted((a, b) => Number(b) - Number(a));
  return names.map((name) => join(parent, name, rest));
}

async function firstThatRuns(paths: readonly string[], root: string): Promise<Program | undefined> {
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const command = root === "" ? [path] : ["env", `LD_LIBRARY_PATH=${libraries(root)}`, path];
    const output = await runCommand([...command, "--version"]).catch(() => "");
    const version = /\d+\.\d+(\.\d+)?/.exec(output)?.[0];
    if (version !== undefined) return { command, path, version };
  }
  return undefined;
}

function libraries(root: string): string {
  const folders = ["usr/lib", "lib"].map((name) => join(root, name)).filter((folder) => existsSync(folder));
  return folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((folder) => /-linux-gnu[^/]*$/.test(folder))
    .join(":");
}

/** Resolves with why it was not possible, or with "". */
async function fetchServer(debianPackage: string, root: string): Promise<string> {
  try {
    await runCommand([join(peersFolder, "fetch-server"), debianPackage, root]);
    return "";
  } catch (error) {
    return `Fetching Debian's ${debianPackage} failed: ${lastLine(error)}`;
  }
}

// Another user must be able to run what root has unpacked, which root's home does not let it.
function cacheFolder(): string {
  const own = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(process.getuid?.() === 0 ? "/var/cache" : own, "reflex-rsql", "peers");
}
