import { type Mutant, testOf } from "./mutant.ts";

const lateCommits = "test/guarantees/committed-rows-only/late-commits.mysql.test.ts";
const inFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";
const blindProbe = "test/mutants/blind-probe.mysql.test.ts";

/** What a stream does at a gap. */
export const gapMutants: readonly Mutant[] = [
  {
    name: "dead ids in memory",
    wrong: "ids that no probe shows are passed without a row in their place",
    edits: [
      {
        file: "src/tables/gaps/gap-resolver.ts",
        find: "if (fillable.ids.length > 0) return this.#insertNoops(seen, fillable.ids);",
        replace: `if (fillable.ids.length > 0) return { kind: "fill", dead: BigInt(fillable.ids.at(-1)) >= seen.gap.next - 1n };`,
      },
      {
        file: "src/tables/reader/gap-wait.ts",
        find: `if (step.kind === "fill") {`,
        replace: `if (step.dead) return "dead"; if (step.kind === "fill") {`,
      },
      {
        file: "src/tables/reader/position-reader.ts",
        find: "const next = await this.#retried(() => this.#waitAt(verdict, seen));",
        replace: `const next = await this.#retried(() => this.#waitAt(verdict, seen));
          if (next === "dead") return { events: verdict.beyond.slice(0, 1), epoch };`,
      },
      {
        file: "src/tables/stream/page-feed.ts",
        find: "this.#openReader().keep(this.#position, batch, this.#streamPosition);",
        replace: `if (BigInt(batch.events[0].id) === this.#position.id + 1n)
            this.#openReader().keep(this.#position, batch, this.#streamPosition);`,
      },
    ],
    tests: [
      testOf(blindProbe, "a stream holds at an open row that its probes don't see"),
      testOf(lateCommits, "leaves a noop in its place"),
    ],
  },
  {
    name: "time-out skips",
    wrong: "a gap that is open for longer than half a second is passed",
    edits: [
      {
        file: "src/tables/reader/position-reader.ts",
        find: "const next = await this.#retried(() => this.#waitAt(verdict, seen));",
        replace: `if (verdict.kind === "gap" && performance.now() - (this.standsSince ??= performance.now()) > 500)
            return { events: verdict.beyond.slice(0, 1), epoch };
          const next = await this.#retried(() => this.#waitAt(verdict, seen));`,
      },
    ],
    tests: [
      testOf(
        "test/mutants/open-transaction.mysql.test.ts",
        "a stream holds at an open transaction for longer than any",
      ),
    ],
  },
  {
    name: "inserts noops above an open row",
    wrong: "ids above the first row in flight are closed too, which may be of the same statement",
    edits: [{ file: "src/tables/gaps/grace-tracker.ts", find: "        break;\n", replace: "        continue;\n" }],
    tests: [testOf(inFlight, "keeps all its ids, though others commit above it and there is no grace")],
  },
  {
    name: "grace starts anew",
    wrong: "the grace of a missing id is counted from the last poll",
    edits: [
      {
        file: "src/tables/gaps/grace-tracker.ts",
        find: "const since = this.#firstSeen.get(id) ?? now;",
        replace: "const since = now;",
      },
    ],
    tests: [
      testOf(lateCommits, "leaves a noop in its place"),
      testOf("src/tables/gaps/grace-tracker.test.ts", "counts the grace from the first sight"),
    ],
  },
  {
    name: "inserts noops on a read-only server",
    wrong: "whether the server takes writes is not asked, and an administrator's connection may write anyway",
    edits: [
      {
        file: "src/tables/gaps/noop-inserter.ts",
        find: "row !== undefined && (isOn(row.read_only) || isOn(row.engine_read_only))",
        replace: "false",
      },
    ],
    tests: [testOf("test/mutants/wrong-server.mysql.test.ts", "a stream inserts no noop on a read-only server")],
  },
  {
    name: "inserts noops on a replica",
    wrong: "a server that takes writes counts as the primary though it applies another's",
    edits: [{ file: "src/tables/gaps/noop-inserter.ts", find: "if (this.#source.declared ||", replace: "if (true ||" }],
    tests: [
      testOf(
        "test/guarantees/assumed-of-servers/replica.mysql.test.ts",
        "is known by its signs, and no noop is written to it",
      ),
    ],
  },
  {
    name: "inserts noops beside other rows",
    wrong: "the rows around a gap may be others on the server that noops are written to",
    edits: [
      {
        file: "src/tables/gaps/noop-inserter.ts",
        find: "return here !== undefined && isSameRow(here, row);",
        replace: "return true;",
      },
    ],
    tests: [
      testOf("test/mutants/wrong-server.mysql.test.ts", "a stream inserts no noop on a server that holds other rows"),
    ],
  },
  {
    name: "noops replace rows",
    wrong: "a noop takes the place of an event that was committed while it was inserted",
    edits: [{ file: "src/tables/gaps/noop-statement.ts", find: "`insert ignore into ", replace: "`replace into " }],
    tests: [testOf(blindProbe, "a stream holds at an open row that its probes don't see")],
  },
];
