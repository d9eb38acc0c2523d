// Makes a release of the checkout in which it is run: all checks, the version, the CHANGELOG, a commit and a tag.
// It sends nothing anywhere, unless --publish says so.
//
//   npm run release -- minor --dry-run   what would be done; nothing is changed, no check is run
//   npm run release -- minor             or patch, major, or a version such as 1.2.3
//   npm run release -- minor --publish   pushes the commit with its tag, then publishes to the registry that npm is set to
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { releaseNotes, withRelease } from "./changelog.mjs";
import { nextVersion } from "./next-version.mjs";

function git(...args) {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** Runs a command that the user sees, or only tells of it. */
function run(command, args, { dry, input }) {
  console.log(`${dry ? "would run" : "running"}: ${[command, ...args].join(" ")}`);
  if (!dry)
    execFileSync(command, args, { input, stdio: [input === undefined ? "inherit" : "pipe", "inherit", "inherit"] });
}

function checkTree(tag) {
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new Error(`The tree has changes that are not committed:\n${changes}`);
  if (git("tag", "--list", tag) !== "") throw new Error(`The tag ${tag} is there already.`);
}

function isTagged(version) {
  return git("tag", "--list", `v${version}`) !== "";
}

function release(wanted, { dry, publish }) {
  const { version: present } = JSON.parse(readFileSync("package.json", "utf8"));
  const version = nextVersion(present, wanted, { isReleased: isTagged(present) });
  const tag = `v${version}`;
  checkTree(tag);
  const changelog = readFileSync("CHANGELOG.md", "utf8");
  const notes = releaseNotes(changelog);
  const date = new Date().toISOString().slice(0, 10);
  console.log(`Release ${version} of ${date}:\n\n${notes}\n`);
  run(".ci/run", [], { dry });
  // The checks must not have changed what they checked.
  if (!dry) checkTree(tag);
  if (!dry) writeFileSync("CHANGELOG.md", withRelease(changelog, { version, date }));
  run("npm", ["version", version, "--no-git-tag-version", "--allow-same-version"], { dry });
  run("git", ["commit", "--all", "--message", `Release ${version}`], { dry });
  run("git", ["tag", "--annotate", "--cleanup=verbatim", "--file=-", tag], { dry, input: `${version}\n\n${notes}\n` });
  if (publish) {
    run("git", ["push", "--follow-tags"], { dry });
    run("npm", ["publish"], { dry });
  } else console.log("Nothing was sent. To publish: git push --follow-tags && npm publish");
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { "dry-run": { type: "boolean", default: false }, publish: { type: "boolean", default: false } },
  });
  if (positionals.length !== 1) throw new Error("Name one version: npm run release -- patch|minor|major|1.2.3");
  release(positionals[0], { dry: values["dry-run"], publish: values.publish });
} catch (error) {
  // What the commands have to say they have printed.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
