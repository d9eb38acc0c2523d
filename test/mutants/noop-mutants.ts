import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const graceTracker = moduleAt<typeof import("../../src/tables/gaps/grace-tracker.ts")>(
  "src/tables/gaps/grace-tracker.ts",
);
const noopServer = moduleAt<typeof import("../../src/tables/gaps/noop-server.ts")>("src/tables/gaps/noop-server.ts");
const noopStatement = moduleAt<typeof import("../../src/tables/gaps/noop-statement.ts")>(
  "src/tables/gaps/noop-statement.ts",
);
const replicaSign = moduleAt<typeof import("../../src/tables/gaps/replica-sign.ts")>("src/tables/gaps/replica-sign.ts");

const statementsInFlight = "test/guarantees/committed-rows-only/statements-in-flight.mysql.test.ts";
const blindProbe = "test/mutants/blind-probe.mysql.test.ts";
const wrongServer = "test/mutants/wrong-server.mysql.test.ts";

/** Where and how noops are inserted. */
export const noopMutants: readonly Mutant[] = [
  {
    name: "inserts noops above an open row",
    wrong: "ids above the first row in flight are closed too, which may be of the same statement",
    parts: [
      graceTracker.replaceMethod(
        "GraceTracker",
        "fillableIds",
        (fillableIds) =>
          function (missing, inFlight, clock) {
            const open = missing.filter((id) => inFlight.has(id));
            fillableIds.call(this, open, inFlight, clock);
            const others = missing.filter((id) => !inFlight.has(id));
            return fillableIds.call(this, others, new Set(), clock);
          },
      ),
    ],
    tests: [testOf(statementsInFlight, "keeps all its ids, though others commit above it and there is no grace")],
  },
  {
    name: "inserts noops on a read-only server",
    wrong: "whether the server takes writes is not asked, and an administrator's connection may write anyway",
    parts: [noopServer.replaceExport("isReadOnly", () => () => false)],
    tests: [testOf(wrongServer, "a stream inserts no noop on a read-only server")],
  },
  {
    name: "inserts noops on a replica",
    wrong: "a server that takes writes counts as the primary though it applies another's",
    parts: [replicaSign.replaceExport("replicaSign", () => () => Promise.resolve(undefined))],
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
    parts: [noopServer.replaceExport("holdsRows", () => () => true)],
    tests: [testOf(wrongServer, "a stream inserts no noop on a server that holds other rows")],
  },
  {
    name: "an old check counts",
    wrong: "what a server said of itself counts, however long ago that was",
    parts: [
      noopServer.replaceExport(
        "isFresh",
        () =>
          ({ session }, here) =>
            session === here,
      ),
    ],
    tests: [testOf(wrongServer, "a stream inserts no noop on a server that has become read-only")],
  },
  {
    name: "inserts noops on an earlier word",
    wrong: "the row above the gap was there when it was asked for, and need not be when the noops go in",
    parts: [noopStatement.replaceExport("noopStatement", (make) => (source, ids) => make(source, ids))],
    tests: [
      testOf(
        "test/guarantees/gaps-closed-by-key/row-above.mysql.test.ts",
        "no noop goes in by an insert before which the table",
      ),
    ],
  },
  {
    name: "noops replace rows",
    wrong: "a noop takes the place of an event that was committed while it was inserted",
    parts: [
      noopStatement.replaceExport("noopStatement", (make) => (source, ids, above) => {
        const statement = make(source, ids, above);
        return { ...statement, sql: statement.sql.replace("insert ignore into", "replace into") };
      }),
    ],
    tests: [testOf(blindProbe, "a stream holds at an open row that its probes don't see")],
  },
];
