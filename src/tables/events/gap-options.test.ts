import { createPool } from "mysql2/promise";
import { EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";

// It connects to nothing before it is used.
const pool = createPool({});

function messageOf(options: object): string {
  try {
    return `no error: ${new EventsTable("orders", options).name}`;
  } catch (error) {
    expect(error).toMatchObject({ code: "invalid_option" });
    return (error as Error).message;
  }
}

describe("a mistake in the option gaps", () => {
  // Catches a list of pools whose wrong entry has to be searched for, and what was found told twice.
  test.each([
    {
      gaps: { primary: [pool, null] },
      message: /^option primary of .* must be an array of pools \(number 2: .*found null\), found an array of 2$/,
    },
    {
      gaps: { probe: [pool, pool, 7] },
      message: /^option probe of .* must be an array of pools \(number 3: .*found 7\), found an array of 3$/,
    },
    { gaps: { primary: null }, message: /^(?!.*found null.*found null).*found null$/ },
  ])("names the entry that is no pool, once: $message", ({ gaps, message }) => {
    expect(messageOf({ gaps })).toMatch(message);
  });

  test("in probe does not speak of the primary", () => {
    expect(messageOf({ gaps: { probe: ["mysql://root@db/shop"] } })).not.toMatch(/takes the writes/);
  });

  // Catches the inside of a driver's pool told as names of options.
  test("says where a pool belongs that was given in its place", () => {
    expect(messageOf({ gaps: pool })).toMatch(/^option gaps of table orders .*is a pool.*gaps: \{ primary: pool \}/);
    const stream = (): unknown => new EventsTable("orders").stream(pool, "", { gaps: pool as never });
    expect(stream).toThrow(/^option gaps of a stream .*is a pool/);
  });

  // Catches values that are left out in silence: a noop's id and type are what makes it one.
  test.each([
    { options: { gaps: { noopValues: { id: 1 } } }, column: "id" },
    { options: { gaps: { noopValues: { Type: 1 } } }, column: "Type" },
    { options: { idField: "number", gaps: { noopValues: { number: 1 } } }, column: "number" },
  ])("refuses noopValues for the noop's own $column", ({ options, column }) => {
    expect(messageOf(options)).toMatch(new RegExp(`option noopValues of option gaps of table orders .*${column}`));
    const { gaps, ...own } = options;
    expect(() => new EventsTable("orders", own).stream(pool, "", { gaps })).toThrow(/noopValues of option gaps of a/);
  });
});

// Catches a column that is read, and written, as two things.
test.each([
  { options: { metadataField: "type" }, message: /typeField and metadataField of table orders.*"type"/ },
  { options: { traceField: "Meta", metadataField: "meta" }, message: /metadataField and traceField .*"Meta"/ },
  { options: { idField: "timestamp" }, message: /idField and timeField/ },
])("two fields of one column are refused: $message", ({ options, message }) => {
  expect(messageOf(options)).toMatch(message);
});
