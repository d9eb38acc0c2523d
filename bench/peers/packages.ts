import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** `bench/peers` of the checkout: the compiled bench lies elsewhere. */
export const peersFolder: string = findPeersFolder(dirname(fileURLToPath(import.meta.url)));

// The peers' packages are not this package's: nothing may need them at compile time, or for another case.
const requirePeer = createRequire(join(peersFolder, "package.json"));

/** Installs the peers' packages, unless they are there. */
export async function installPackages(): Promise<void> {
  if (existsSync(join(peersFolder, "node_modules", ".package-lock.json"))) return;
  try {
    await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: peersFolder, timeout: 120_000 });
  } catch (error) {
    throw new Error(`npm ci in bench/peers failed: ${lastLine(error)}`, { cause: error });
  }
}

/** A package of `bench/peers`. What of it is used is the caller's to say. */
export function loadPackage(name: string): unknown {
  return requirePeer(name);
}

/** "name version", as installed. */
export function describePackage(name: string): string {
  const manifest = readFileSync(join(peersFolder, "node_modules", name, "package.json"), "utf8");
  return `${name} ${(JSON.parse(manifest) as { version: string }).version}`;
}

function findPeersFolder(from: string): string {
  const folder = join(from, "bench", "peers");
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(from);
  if (parent === from) throw new Error("no folder above holds bench/peers/package.json");
  return findPeersFolder(parent);
}

/** The end of what a program wrote before it failed. */
export function lastLine(error: unknown): string {
  const { stderr = "", message = String(error) } = Object(error) as { stderr?: string; message?: string };
  return stderr.trim().split("\n").at(-1) || message;
}
