import { moduleAt } from "../../tools/variants/variant.ts";
import { type Mutant, testOf } from "./mutant.ts";

const primaryFinder = moduleAt<typeof import("../../src/tables/gaps/primary-finder.ts")>(
  "src/tables/gaps/primary-finder.ts",
);
const quorum = moduleAt<typeof import("../../src/tables/gaps/quorum.ts")>("src/tables/gaps/quorum.ts");

const writerOffsets = moduleAt<typeof import("../../src/tables/gaps/writer-offsets.ts")>(
  "src/tables/gaps/writer-offsets.ts",
);

const quorumTest = "src/tables/gaps/quorum.test.ts";
const movedPrimary = "test/guarantees/assumed-of-servers/moved-primary.mysql.test.ts";

/** Who answers for whom in a cluster, and who counts as the primary. */
export const clusterMutants: readonly Mutant[] = [
  {
    name: "a majority speaks for a silent node",
    wrong: "a node that is silent is left out though a member of the cluster was not reached",
    parts: [
      quorum.replaceExport("whyNoQuorum", (why) => (known) => {
        const { reader } = known;
        return why(reader.kind === "member" ? { ...known, reader: { ...reader, members: 2 } } : known);
      }),
    ],
    tests: [testOf(quorumTest, "and not while a member was not reached, though one of them answered twice")],
  },
  {
    name: "a minority speaks for silent nodes",
    wrong: "whether the reader is in the primary component is not looked at",
    parts: [
      quorum.replaceExport("whyNoQuorum", (why) => (known) => {
        const { reader, primary } = known;
        const blessed = reader.kind === "member" ? { ...reader, isPrimary: true, members: 1 } : reader;
        const noops = primary.kind === "member" && reader.kind === "member" ? { ...primary, isPrimary: true } : primary;
        return why({ ...known, reader: blessed, primary: noops });
      }),
    ],
    tests: [testOf(quorumTest, "and not if the reader or the server for noops is outside")],
  },
  {
    name: "trusts offsets after a view change",
    wrong: "what was learned of how servers give ids counts on at once after a node has joined the cluster",
    parts: [
      writerOffsets.replaceMethod(
        "WriterOffsets",
        "learn",
        (learn) =>
          function (servers) {
            learn.call(
              this,
              servers.map((server) => ({ ...server, view: "" })),
            );
          },
      ),
    ],
    tests: [
      testOf("src/tables/gaps/writer-offsets.test.ts", "after a change of the view nothing is trusted for a while"),
    ],
  },
  {
    name: "trusts offsets in spite of an event",
    wrong: "an event with an id that nobody gives changes nothing",
    parts: [writerOffsets.replaceMethod("WriterOffsets", "note", () => () => undefined)],
    tests: [testOf("src/tables/gaps/writer-offsets.test.ts", "where an event has come nothing is trusted for good")],
  },
  {
    name: "picks the first of two primaries",
    wrong: "of two servers that take writes, the first is the primary",
    parts: [
      primaryFinder.replaceExport("choosePrimary", (choose) => (databases, roles) => {
        const first = roles.indexOf("writable");
        return choose(
          databases,
          first < 0 ? roles : roles.map((role, index) => (index === first ? role : "not_writable")),
        );
      }),
    ],
    tests: [
      testOf("src/tables/gaps/primary-finder.test.ts", "of two servers that take writes none is picked"),
      testOf(movedPrimary, "of two servers in gaps.primary that take writes none is picked"),
    ],
  },
  {
    name: "takes all servers for one",
    wrong:
      "servers of gaps.primary are one, whatever they say of who they are, so that the first of two primaries is picked",
    parts: [
      primaryFinder.replaceExport(
        "rolesOf",
        (roles) => (answers) => roles(answers.map((answer) => ({ ...answer, server: "one" }))),
      ),
    ],
    tests: [
      testOf("src/tables/gaps/primary-finder.test.ts", "a server counts once, at the first of its places"),
      testOf(movedPrimary, "of two servers in gaps.primary that take writes none is picked"),
    ],
  },
];
