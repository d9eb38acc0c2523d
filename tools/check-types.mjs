// Checks the types of the package as users of each module system see them. In a folder of its own: packing in the repository's
// would overwrite and then delete a package that someone has made there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "check-types-"));
try {
  const packed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    encoding: "utf8",
  });
  const [{ filename }] = JSON.parse(packed);
  execFileSync("attw", [join(folder, filename), "--profile", "esm-only"], { stdio: "inherit" });
} catch (error) {
  if (error.status === undefined) throw error;
  // The command has said why.
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
