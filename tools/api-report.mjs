// Writes what each entry exports, names and signatures, to docs/api-report/, from the declarations in dist/. With --check it
// writes nothing there, prints what differs and fails. The reports are committed: a change of the public API is a change of them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { entries } from "./entries.mjs";

const repository = resolve(import.meta.dirname, "..");
const reports = join(repository, "docs/api-report");
const silent = { default: { logLevel: "none" } };

/** The report of an entry as API Extractor writes it into the folder. */
function extract({ output, shortName }, folder) {
  const declarations = join(repository, `dist/${output}.d.ts`);
  const { compilerOptions } = JSON.parse(readFileSync(join(repository, "tsconfig.json"), "utf8"));
  const { target, lib, module, types, strict } = compilerOptions;
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(repository, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: repository,
      mainEntryPointFilePath: declarations,
      compiler: {
        overrideTsconfig: { compilerOptions: { target, lib, module, types, strict }, files: [declarations] },
      },
      apiReport: {
        enabled: true,
        reportFileName: shortName,
        reportFolder: folder,
        reportTempFolder: folder,
        // What an exported name is made of is as public as the name.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      // What it has to say of style is not asked for; the compiler checks the declarations elsewhere.
      messages: {
        compilerMessageReporting: silent,
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  });
  const { succeeded } = Extractor.invoke(config, { localBuild: true, messageCallback: quiet });
  if (!succeeded) throw new Error(`API Extractor could not read ${declarations}: npm run build`);
  return readFileSync(join(folder, `${shortName}.api.md`), "utf8");
}

/** Its news of the files that it writes are none here. */
function quiet(message) {
  if (message.logLevel === "info" || message.logLevel === "verbose") message.handled = true;
}

/** The declarations of an extracted report, without marks that tell of comments: those are no part of the API. */
function declarationsOf(extracted) {
  const [, code = ""] = /```ts\n([\s\S]*?)\n```/.exec(extracted) ?? [];
  const marks = /^ *\/\/ (?:@public|\(undocumented\)|\(No @packageDocumentation).*\n?/gm;
  return code
    .replaceAll(marks, "")
    .split("\n\n")
    .map((declaration) => declaration.trim())
    .filter((declaration) => declaration !== "");
}

/** What the entry exports, and what that is made of, unless the main entry's report has it. */
function toReport({ specifier }, declarations, main) {
  const isOwn = (declaration) => declaration.startsWith("export ") || !main.has(declaration);
  const head = `// What ${specifier} exports. Never edited: \`npm run api:report\` writes it.`;
  return `${[head, ...declarations.filter(isOwn)].join("\n\n")}\n`;
}

function differs(report, committed) {
  const { stdout } = spawnSync("git", ["diff", "--no-index", "--", committed, report], { encoding: "utf8" });
  if (stdout === "") return false;
  console.error(stdout);
  return true;
}

const checking = process.argv.includes("--check");
const folder = mkdtempSync(join(tmpdir(), "api-report-"));
try {
  // The report of an entry that is gone goes too.
  if (!checking) rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const extracted = entries.map((entry) => ({ entry, declarations: declarationsOf(extract(entry, folder)) }));
  const known = new Set(extracted[0].declarations.map((declaration) => declaration.replace(/^export /, "")));
  const changed = entries.filter((entry, index) => {
    const name = `${entry.shortName}.txt`;
    const fresh = join(checking ? folder : reports, name);
    writeFileSync(fresh, toReport(entry, extracted[index].declarations, index === 0 ? new Set() : known));
    return checking && differs(fresh, join(reports, name));
  });
  if (changed.length > 0) {
    const names = changed.map(({ specifier }) => specifier).join(", ");
    console.error(
      `The public API of ${names} has changed. If that is meant: npm run api:report, and say so in CHANGELOG.md.`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
