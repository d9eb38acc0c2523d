import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const program = fileURLToPath(new URL("release.mjs", import.meta.url));
const changelog = "# Changelog\n\n## Unreleased\n\n### Added\n\n- Streams.\n\n## 0.1.0 - 2026-01-01\n\n- All.\n";
let folder: string;
let checkout: string;

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: checkout, encoding: "utf8" }).trim();
}

function read(name: string): string {
  return readFileSync(join(checkout, name), "utf8");
}

/** The exit code, and all that was said. */
function release(...args: string[]): [number | null, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: checkout,
    encoding: "utf8",
  });
  return [status, stdout + stderr];
}

function commitFile(name: string, content: string): void {
  writeFileSync(join(checkout, name), content);
  git("add", "--all");
  git("commit", "--quiet", "--message", name);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rsql-release-"));
  checkout = join(folder, "checkout");
  mkdirSync(join(checkout, ".ci"), { recursive: true });
  const manifest = { name: "some-package", version: "0.1.0", private: true };
  writeFileSync(join(checkout, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(checkout, "package-lock.json"), JSON.stringify({ ...manifest, lockfileVersion: 3, packages: {} }));
  writeFileSync(join(checkout, ".ci/run"), "#!/bin/sh\necho all checks\n");
  chmodSync(join(checkout, ".ci/run"), 0o755);
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "A Maintainer");
  git("config", "user.email", "maintainer@example.invalid");
  commitFile("CHANGELOG.md", changelog);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a release is a commit and a tag with the checked tree, the version and the notes, and nothing is sent", () => {
  const [code, said] = release("minor");
  expect(said).toContain("all checks");
  expect(said).toContain("Nothing was sent.");
  expect(code).toBe(0);
  expect(git("log", "-1", "--format=%s")).toBe("Release 0.2.0");
  expect(git("describe", "--exact-match")).toBe("v0.2.0");
  expect(git("tag", "--list", "--format=%(contents)", "v0.2.0")).toBe("0.2.0\n\n### Added\n\n- Streams.");
  expect(git("status", "--porcelain")).toBe("");
  expect(JSON.parse(read("package.json"))).toMatchObject({ version: "0.2.0" });
  expect(JSON.parse(read("package-lock.json"))).toMatchObject({ version: "0.2.0" });
  const [heading, date = ""] = /\n## 0\.2\.0 - (\d{4}-\d\d-\d\d)\n/.exec(read("CHANGELOG.md")) ?? [];
  expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(2 * 86_400_000);
  expect(read("CHANGELOG.md")).toBe(changelog.replace("## Unreleased\n", `## Unreleased\n${heading}`));
});

test("a dry run tells all of it and does none", () => {
  const before = git("rev-parse", "HEAD");
  const [code, said] = release("1.0.0", "--dry-run", "--publish");
  expect(code).toBe(0);
  for (const step of [".ci/run", "npm version 1.0.0", "git commit", "git tag", "git push --follow-tags", "npm publish"])
    expect(said).toContain(`would run: ${step}`);
  expect(said).not.toContain("all checks");
  expect([git("rev-parse", "HEAD"), git("tag", "--list"), git("status", "--porcelain")]).toEqual([before, "", ""]);
});

test("only --publish sends something, the tag first", () => {
  const remote = join(folder, "remote");
  git("init", "--quiet", "--bare", remote);
  git("remote", "add", "origin", remote);
  git("push", "--quiet", "--set-upstream", "origin", "main");
  // npm refuses to publish a private package.
  const [code, said] = release("patch", "--publish");
  expect(said).toContain("running: npm publish");
  expect(code).toBe(1);
  expect(git("ls-remote", "--tags", "origin")).toContain("refs/tags/v0.1.1");
});

test("the version that was never released may be the first release", () => {
  expect(release("0.1.0")[0]).toBe(0);
  expect(git("describe", "--exact-match")).toBe("v0.1.0");
  commitFile("CHANGELOG.md", changelog);
  expect(release("0.1.0")).toEqual([1, expect.stringContaining("0.1.0 does not come after 0.1.0.")]);
});

test.each([
  { why: "a file that is not committed", change: () => writeFileSync(join(checkout, "new.txt"), ""), says: "new.txt" },
  {
    why: "nothing to tell of",
    change: () => commitFile("CHANGELOG.md", changelog.replace("### Added\n\n- Streams.\n\n", "")),
    says: 'nothing under "## Unreleased"',
  },
  {
    why: "a check that fails",
    change: () => commitFile(".ci/run", "#!/bin/sh\nexit 1\n"),
    says: "Command failed: .ci/run",
  },
  {
    why: "checks that change what they checked",
    change: () => commitFile(".ci/run", "#!/bin/sh\necho more >> CHANGELOG.md\n"),
    says: "CHANGELOG.md",
  },
  { why: "a tag that is there", change: () => git("tag", "v0.2.0"), says: "v0.2.0 is there already" },
  { why: "an older version", change: () => undefined, version: "0.0.9", says: "0.0.9 does not come after 0.1.0" },
  { why: "a version that is none", change: () => undefined, version: "next", says: 'found "next"' },
])("there is no release with $why", ({ change, version, says }) => {
  change();
  const before = [git("rev-parse", "HEAD"), git("tag", "--list"), read("package.json")];
  expect(release(version ?? "minor")).toEqual([1, expect.stringContaining(says)]);
  expect([git("rev-parse", "HEAD"), git("tag", "--list"), read("package.json")]).toEqual(before);
});
