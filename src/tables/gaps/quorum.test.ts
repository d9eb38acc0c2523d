import { describe, expect, test } from "vitest";
import { galeraState, groupState, type NodeState } from "./node-state.ts";
import { whyNoQuorum } from "./quorum.ts";

function member(node: string, facts: Partial<Extract<NodeState, { kind: "member" }>> = {}): NodeState {
  return { kind: "member", node, view: "v1", isPrimary: true, takesWork: true, members: 3, ...facts };
}

const alone: NodeState = { kind: "alone", why: "it is no member of a cluster" };

describe("those that answered may speak for a silent server", () => {
  const [one, two, three] = [member("1"), member("2"), member("3")] as const;

  test("if all members of the view are among them", () => {
    expect(whyNoQuorum({ answered: [one, two, three], reader: one, primary: two })).toBeUndefined();
    const smaller = [member("1", { view: "v2", members: 2 }), member("2", { view: "v2", members: 2 })] as const;
    expect(whyNoQuorum({ answered: smaller, reader: smaller[0], primary: smaller[1] })).toBeUndefined();
  });

  // Catches a count of handles instead of nodes, of which one may have two.
  test("and not while a member was not reached, though one of them answered twice", () => {
    const why = whyNoQuorum({ answered: [one, two, two], reader: one, primary: one });
    expect(why?.reason).toBe("unreachable");
    expect(why?.message).toMatch(/of the 3 members of the cluster, of which 2 were reached/);
  });

  test("and not if one of them is in another view, or in no primary component", () => {
    const old = member("3", { view: "v0" });
    const cutOff = member("3", { isPrimary: false });
    for (const other of [old, cutOff, alone]) {
      expect(whyNoQuorum({ answered: [one, two, other], reader: one, primary: two })?.reason).toBe("unreachable");
    }
  });

  test("and not if the reader or the server for noops is outside of the primary component", () => {
    const outside = member("3", { isPrimary: false });
    const answered = [one, two, three];
    expect(whyNoQuorum({ answered, reader: outside, primary: one })?.reason).toBe("partitioned");
    expect(whyNoQuorum({ answered, reader: one, primary: outside })?.reason).toBe("partitioned");
    expect(whyNoQuorum({ answered, reader: one, primary: member("2", { view: "v2" }) })?.reason).toBe("partitioned");
    expect(whyNoQuorum({ answered, reader: one, primary: alone })?.reason).toBe("partitioned");
  });

  test("and not if there is no cluster", () => {
    expect(whyNoQuorum({ answered: [alone], reader: alone, primary: alone })?.reason).toBe("unreachable");
  });
});

describe("a member of a replication group", () => {
  const row = (id: string, state: string) => ({ member: id, state, view: "17:3", own: "a" });

  test("is in the primary component while it is ONLINE and most others are", () => {
    const rows = [row("a", "ONLINE"), row("b", "ONLINE"), row("c", "UNREACHABLE")];
    expect(groupState(rows)).toMatchObject({ node: "a", view: "group 17:3", isPrimary: true, members: 3 });
    expect(groupState([row("a", "ONLINE"), row("b", "UNREACHABLE"), row("c", "UNREACHABLE")])).toMatchObject({
      isPrimary: false,
      members: 3,
    });
    expect(groupState([row("a", "ONLINE"), row("b", "UNREACHABLE")])).toMatchObject({ isPrimary: false });
    expect(groupState([row("a", "RECOVERING"), row("b", "ONLINE"), row("c", "ONLINE")])).toMatchObject({
      isPrimary: false,
    });
  });

  test("is alone when it is not in its group", () => {
    expect(groupState([])).toMatchObject({ kind: "alone" });
    expect(groupState([{ member: "", state: "OFFLINE", view: null, own: "a" }])).toMatchObject({ kind: "alone" });
  });
});

describe("a node of Galera", () => {
  const status = (changes: Record<string, string> = {}): Map<string, string> =>
    new Map(
      Object.entries({
        wsrep_gcomm_uuid: "n",
        wsrep_cluster_state_uuid: "c",
        wsrep_cluster_conf_id: "7",
        wsrep_cluster_status: "Primary",
        wsrep_cluster_size: "3",
        wsrep_ready: "ON",
        ...changes,
      }),
    );

  test("tells its view, and whether that is the primary component", () => {
    expect(galeraState(status())).toEqual(member("n", { view: "galera c 7" }));
    expect(galeraState(status({ wsrep_cluster_status: "non-Primary" }))).toMatchObject({ isPrimary: false });
    expect(galeraState(status({ wsrep_ready: "OFF" }))).toMatchObject({ takesWork: false });
  });

  test("is none where the server runs without Galera", () => {
    expect(galeraState(new Map())).toBeUndefined();
    const off = { wsrep_gcomm_uuid: "", wsrep_cluster_state_uuid: "", wsrep_cluster_status: "Disconnected" };
    expect(galeraState(status(off))).toBeUndefined();
  });
});
