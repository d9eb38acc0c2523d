import { dirname, join } from "node:path";
import { ErrorsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { toCursorsTableConfig } from "../../src/tables/cursors/cursors-table-options.ts";
import { toErrorsTableConfig } from "../../src/tables/errors/errors-table-options.ts";
import { toEventsTableConfig } from "../../src/tables/events/events-table-options.ts";
import { entries } from "../../tools/entries.mjs";
import { readText, tableRows, testProblem } from "../support/docs/named-tests.ts";

const indexes = entries.map(({ source }) => source);
const modules = await Promise.all(entries.map(({ specifier }) => import(specifier) as Promise<object>));
const values: Record<string, unknown> = Object.assign({}, ...modules);
const page = readText("docs/parity.md");

const names = tableRows(page, "Names");
const defaults = tableRows(page, "Defaults");
const behaviours = tableRows(page, "Behaviour");
const everyRow = [...names, ...defaults, ...behaviours];

function bare(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}

/** The source file of each exported type. */
function exportedTypes(): Map<string, string> {
  const types = new Map<string, string>();
  for (const index of indexes) {
    for (const [, list = "", from = ""] of readText(index).matchAll(/export type \{([^}]*)\} from "([^"]+)"/g)) {
      for (const name of list.split(",").filter((part) => part.trim() !== ""))
        types.set(name.trim(), join(dirname(index), from));
    }
  }
  return types;
}

const types = exportedTypes();

/** The text of an exported type's declaration, with those that it extends; undefined if it is not exported. */
function declarationOf(name: string): string | undefined {
  const file = types.get(name);
  if (file === undefined) return undefined;
  const pattern = new RegExp(`^export (?:interface ${name}\\b[^]*?^\\}|type ${name}\\b[^]*?;$)`, "m");
  const [declaration] = pattern.exec(readText(file)) ?? [];
  if (declaration === undefined) return undefined;
  const [, parents = ""] = / extends ([^{=>]+) \{/.exec(declaration.split("\n")[0] ?? "") ?? [];
  const inherited = parents.split(",").map((parent) => declarationOf(parent.trim()) ?? "");
  return [declaration, ...inherited].join("\n");
}

/** Whether what a cell names, such as `run()`, `Gap.prev`, `EventsTable.insert()` or `ReflexErrorCode "x"`, is exported. */
function isExported(reference: string): boolean {
  const literal = /^(\w+) ("\w+")$/.exec(reference);
  if (literal !== null) return declarationOf(literal[1] ?? "")?.includes(literal[2] ?? "") === true;
  const [owner = "", member] = reference.replace("()", "").split(".");
  const value = values[owner];
  if (typeof value !== "function") return isTypeMember(owner, member);
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  if (member === undefined) return isClass !== reference.endsWith("()");
  return typeof (value.prototype as Record<string, unknown>)[member] === "function";
}

function isTypeMember(owner: string, member: string | undefined): boolean {
  const declaration = declarationOf(owner);
  if (declaration === undefined || member === undefined) return declaration !== undefined;
  return new RegExp(`^ {2}(readonly )?${member}\\??[(:]`, "m").test(declaration);
}

/** What a cell names, but for the modules. */
function references(cell: string): string[] {
  const quoted = [...cell.matchAll(/`([^`]+)`/g)].map(([, reference = ""]) => reference);
  return quoted.filter((reference) => !reference.startsWith("reflex-rsql"));
}

/** The values of options that are not given, as the table shows them. */
function actualDefaults(): Record<string, unknown> {
  const events = toEventsTableConfig("table orders", {});
  const cursors = toCursorsTableConfig("cursors", {});
  const errors = toErrorsTableConfig({});
  const { fields } = events;
  return {
    "EventsTableOptions.idField": fields.id,
    "EventsTableOptions.timeField": fields.time,
    "EventsTableOptions.typeField": fields.type,
    "EventsTableOptions.foreignIdField": fields.foreignId,
    "EventsTableOptions.metadataField": fields.metadata,
    "EventsTableOptions.traceField": fields.trace,
    "EventsTableOptions.backoffMs": events.backoffMs,
    "EventsTableOptions.cache": events.cache,
    "EventsTableOptions.includeNoops": events.includeNoops,
    "EventsTableOptions.inserter": events.inserter,
    "EventsTableOptions.loader": events.loader,
    "EventsTableOptions.gaps": events.gaps.filling,
    // Made by the table itself; the row's test shows that it is there.
    "EventsTableOptions.notifier": "inMemoryNotifier()",
    "CursorsTableOptions.idField": cursors.fields.id,
    "CursorsTableOptions.cursorField": cursors.fields.cursor,
    "CursorsTableOptions.timeField": cursors.fields.time,
    "CursorsTableOptions.asyncPeriodMs": cursors.asyncPeriodMs,
    "CursorsTableOptions.cursorType": cursors.cursorType,
    "CursorsTableOptions.onSetCursor": cursors.onSetCursor,
    "CursorsTableOptions.sleep": cursors.sleep,
    "ErrorsTableOptions.tableName": errors.table,
    "ErrorsTableOptions.idField": errors.fields.id,
    "ErrorsTableOptions.eventIdField": errors.fields.eventId,
    "ErrorsTableOptions.consumerField": errors.fields.consumer,
    "ErrorsTableOptions.messageField": errors.fields.message,
    "ErrorsTableOptions.createdAtField": errors.fields.createdAt,
    "ErrorsTableOptions.updatedAtField": errors.fields.updatedAt,
    "ErrorsTableOptions.statusField": errors.fields.status,
    "ErrorsTableOptions.recordOnly": new ErrorsTable().events === undefined,
    "ErrorsTableOptions.inserter": errors.inserter,
    "ErrorsTableOptions.eventInserter": new ErrorsTable({ recordOnly: true }).events,
    "ErrorsTableOptions.onErrorRecorded": errors.onErrorRecorded,
  };
}

describe("the table of what Go exports", () => {
  const exported = readText("docs/parity-exports.txt").split("\n").filter(Boolean);

  // Catches a name that was left out, invented, or listed twice, and a list that was cut.
  test("has one row for each name, in their order", () => {
    expect(exported).toHaveLength(84);
    expect(names.map(([name]) => bare(name))).toEqual(exported);
  });

  // Catches an option of Go whose default nobody compared.
  test("has a default for each option", () => {
    const options = exported.filter((name) => name.startsWith("With"));
    const missing = options.filter((option) => !defaults.some(([name]) => bare(name) === option));
    expect(missing).toEqual([]);
    expect(defaults.filter(([name]) => !exported.includes(bare(name)))).toEqual([]);
  });

  // Catches a difference that nobody thought about, and a row that lost a cell.
  test("has no empty cell", () => {
    expect(names.filter((cells) => cells.length !== 4 || cells.includes(""))).toEqual([]);
    expect(defaults.filter((cells) => cells.length !== 6 || cells.includes(""))).toEqual([]);
    expect(behaviours.filter((cells) => cells.length !== 3 || cells.includes(""))).toEqual([]);
    expect(behaviours.length).toBeGreaterThan(0);
  });

  // Catches a function, class, method, type, option or code that was renamed or is not exported any more.
  test("names only what is exported", () => {
    const cells = [...names.map((row) => row[1] ?? ""), ...defaults.map((row) => row[2] ?? "")];
    expect(cells.filter((cell) => references(cell).length === 0)).toEqual([]);
    expect(cells.flatMap(references).filter((reference) => !isExported(reference))).toEqual([]);
  });

  // Catches a check of names that takes whatever it is given.
  test.each([
    "runAway()",
    "run",
    "EventsTable()",
    "EventsTable.remove()",
    "Gap.size",
    "GapControl",
    "EventsTableOptions.colour",
    'ReflexErrorCode "no_such_code"',
  ])("would not pass with %s", (reference) => {
    expect(isExported(reference)).toBe(false);
  });

  // Catches a test that was moved, renamed or removed.
  test("names a test for each row", () => {
    const cells = everyRow.map((row) => row.at(-2));
    expect(cells.map(testProblem).filter((problem) => problem !== undefined)).toEqual([]);
    expect(testProblem("`test/parity/parity.test.ts`: is there not")).toContain("has no test");
    expect(testProblem("`test/nowhere.test.ts`: has no empty cell")).toContain("no such file");
  });

  // Catches a default that was changed in the code, or is told wrongly.
  test("tells the defaults that the code has", () => {
    const actual = actualDefaults();
    const told = defaults.map((cells) => [bare(cells[2]), bare(cells[3])]);
    const found = told.map(([option = ""]) => [option, option in actual ? String(actual[option]) : "not checked"]);
    expect(told).toEqual(found);
  });
});
