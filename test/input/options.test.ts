import * as library from "reflex-rsql";
import * as patterns from "reflex-rsql/patterns";
import * as testing from "reflex-rsql/testing";
import { describe, expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import { databaseOwners } from "../support/input/database-option-owners.ts";
import { database, type OptionOwner } from "../support/input/option-owner.ts";
import { owners, spec } from "../support/input/option-owners.ts";
import { testingOwners } from "../support/input/testing-option-owners.ts";
import { shown, shownName, unknownNames, wrongOptions, wrongValues } from "../support/input/wrong-values.ts";

const mistake = /^invalid_(option|identifier|argument)$/;

/** Gives the owner these options, and returns the mistake that it must make of them. */
async function mistakeOf({ use, required }: OptionOwner, options: object): Promise<Error> {
  const error = await failureOf(() => use(Object.assign(options, { ...required, ...options })));
  expect([TypeError, RangeError]).toContain((error as Error | undefined)?.constructor);
  expect(error).toMatchObject({ code: expect.stringMatching(mistake) as string });
  expect(database.uses()).toBe(0);
  return error as Error;
}

/** An object with this own property, whatever its name. */
function own(name: string, value: unknown): object {
  return Object.defineProperty({}, name, { value, enumerable: true, configurable: true, writable: true });
}

const allOwners = [...owners, ...databaseOwners, ...testingOwners];

describe.each(allOwners.map((owner) => ({ ...owner, title: `${owner.owner} ${owner.title ?? ""}`.trim() })))(
  "options of $title",
  (owner) => {
    const wrong = Object.entries(owner.kinds).flatMap(([option, kind]) =>
      wrongValues(kind).map(([what, value]) => ({ option, what, value })),
    );

    // Catches a new option without a row here, and one that is checked by nobody.
    test("are those of the table", async () => {
      const { message } = await mistakeOf(owner, { nonsense: 1 });
      const names = message.slice(message.indexOf("; it has ") + "; it has ".length).split(", ");
      expect(names.toSorted()).toEqual(Object.keys(owner.kinds).toSorted());
    });

    // Catches a check by `in` or by index, which takes what every object inherits; a misspelt option that does nothing.
    test.each(unknownNames)("that do not exist are refused, such as %o", async (name) => {
      const { message } = await mistakeOf(owner, own(name, undefined));
      expect(message).toContain(`${owner.owner} has no option ${JSON.stringify(name)}`);
    });

    // Catches `null` taken for "not given", a promise without its await, and a signal given in place of `{ signal }`.
    test.each(wrongOptions)("are refused as a whole if they are %s", async (_what, options) => {
      const error = await failureOf(() => owner.use(options));
      expect(error).toMatchObject({
        name: expect.stringMatching(/^(Type|Range)Error$/) as string,
        code: "invalid_option",
      });
      expect((error as Error).message).toContain(shown(options));
      expect((error as Error).message).toContain(owner.owner.replace(/^option (\w+) of /, ""));
      expect(database.uses()).toBe(0);
    });

    // Catches an option without a check or with one too lax, found only by the first use, at night.
    test.each(wrong)("refuse $what as $option", async ({ option, value }) => {
      const { message } = await mistakeOf(owner, { [option]: value });
      expect(message).toContain(`option ${option} of `);
      // The text of a name is shown, once it is known to be meant as one.
      const isShown = [shown(value), shownName(value)].some((text) => message.includes(text));
      expect(isShown ? "shown" : message).toBe("shown");
      expect(message).toContain(
        owner.owner === "ErrorsTable" || owner.owner === "errorsTableSchema" ? "rrors" : owner.owner,
      );
    });

    // Catches a check of own properties only: what is used is read from the prototype too.
    test("refuse a wrong value that is inherited", async () => {
      for (const [option, kind] of Object.entries(owner.kinds)) {
        const [[, value] = []] = wrongValues(kind);
        const given = Object.create({ [option]: value }) as object;
        if (Object.hasOwn(owner.required ?? {}, option) || value === undefined) continue;
        const { message } = await mistakeOf(owner, given);
        expect(message).toContain(`option ${option} of `);
      }
    });

    // Catches a value that is read again after its check, when it may be another.
    test.skipIf(hasEffects(owner))("are read once", async () => {
      const reads: string[] = [];
      const get = (target: object, name: string | symbol): unknown => {
        if (typeof name === "string" && Object.hasOwn(owner.kinds, name)) reads.push(name);
        return Reflect.get(target, name);
      };
      await failureOf(() => owner.use(new Proxy({ ...owner.required }, { get })));
      expect(reads.toSorted()).toEqual([...new Set(reads)].toSorted());
      expect(reads.length).toBeGreaterThan(0);
    });

    // Catches a check that refuses everything, which would pass all the others.
    test.each(hasEffects(owner) ? [] : Object.keys(owner.kinds))(
      "take undefined as %s for not given",
      async (option) => {
        const error = await failureOf(() => owner.use({ ...owner.required, [option]: owner.required?.[option] }));
        expect(error).toBeUndefined();
      },
    );
  },
);

/** Whether it does more than to make something of right options: opens a socket, asks a database, starts a server. */
function hasEffects({ owner }: OptionOwner): boolean {
  const makers = /^(table|option|a stream|ErrorsTable|errorsTableSchema|create|mockStream|.*Contract)/;
  return !makers.test(owner) || owner === "createTables";
}

// Catches a new function or class whose options are in no row above.
test("every function and class of the package is either in the table of options or known to have none", () => {
  const withOptions = [
    "EventsTable",
    "EventsTableInt",
    "CursorsTable",
    "ErrorsTable",
    "errorsTableSchema",
    "createConsumer",
    "run",
    "runForever",
    "transaction",
    "createTables",
    "schemaSql",
    "stopFillingGaps",
    "socketNotifier",
    "createDeadLetterConsumer",
    "mockStream",
    "eventStreamContract",
    "cursorStoreContract",
    "startMariadb",
  ];
  const without = [
    "ReflexError",
    "castCursor",
    "disableCache",
    "fillGaps",
    "foreignIdInt",
    "getLatestId",
    "getNextEvents",
    "inMemoryNotifier",
    "isDuplicateErrorInsertion",
    "isExpected",
    "isReflexError",
    "isRetryable",
    "makeEvent",
    "makeTestEvent",
    "memoryCursorStore",
    "positionOf",
    "setEventMemoryMiB",
    "testCursorsTable",
    "testErrorsTable",
    "testEventsTable",
    "testEventsTableInt",
    "testEventsTableWithId",
    "toDatabase",
  ];
  const exported = Object.entries({ ...library, ...patterns, ...testing } as Record<string, unknown>)
    .filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
  expect(exported.toSorted()).toEqual([...withOptions, ...without].toSorted());
});

// Catches pairs of options that are each right and can't work together.
test.each([
  ["trace without traceField", () => new library.EventsTable("t", { trace: () => undefined }), /traceField/],
  [
    "minBackoffMs above maxBackoffMs",
    () => library.runForever(spec, { minBackoffMs: 2, maxBackoffMs: 1 }),
    /must not be more than maxBackoffMs/,
  ],
  [
    "minBackoffMs of a dead-letter consumer above maxBackoffMs",
    () =>
      patterns.createDeadLetterConsumer(spec.consumer, {
        errors: () => Promise.resolve("1"),
        minBackoffMs: 2,
        maxBackoffMs: 1,
      }),
    /must not be more than maxBackoffMs/,
  ],
  [
    "a dead-letter consumer without a place for errors",
    () => patterns.createDeadLetterConsumer(spec.consumer, {} as never),
    /option errors, such as errorsTable/,
  ],
  ["an unknown part of a run", () => library.run({ ...spec, option: { fromHead: true } } as never), /no part "option"/],
  ["both path and port", () => library.socketNotifier({ path: "/tmp/x", port: 5000 }), /path or option port/],
  ["neither path nor port", () => library.socketNotifier({}), /path or option port/],
  ["no options for a notifier", () => library.socketNotifier(undefined as never), /path or option port/],
  ["a group with a path", () => library.socketNotifier({ path: "/tmp/x", group: "239.1.1.1" }), /goes with port/],
  ["a group that is no address", () => library.socketNotifier({ port: 5000, group: "239.999.1.1" }), /multicast/],
] as const)("%s is refused", async (_what, use, message) => {
  const error = await failureOf(use);
  expect(error).toMatchObject({ code: expect.stringMatching(mistake) as string });
  expect((error as Error).message).toMatch(message);
});
