import type { StallReason } from "../../reflex/wait-cause.ts";
import type { NodeState } from "./node-state.ts";

/** What is known of a cluster while some of its servers are silent. */
export interface Quorum {
  /** The states of those servers of gaps.probe that answered. */
  readonly answered: readonly NodeState[];
  /** That of the server that streams read from. */
  readonly reader: NodeState;
  /** That of the server that noops are written to. */
  readonly primary: NodeState;
}

/** Why nobody can answer for the servers that are silent. */
export interface NoQuorum {
  readonly reason: Extract<StallReason, "unreachable" | "partitioned">;
  readonly message: string;
}

/**
 * Whether the servers that answered may speak for those that are silent; undefined if they may, else why not. They may if each
 * member of the primary component is among them: then the silent ones are not in it, and can commit nothing that it does not
 * certify against a noop. A member counts as one until the cluster has expelled it, however long it has been silent.
 */
export function whyNoQuorum({ answered, reader, primary }: Quorum): NoQuorum | undefined {
  if (reader.kind === "alone")
    return unreachable(`no other can answer for it, since of the server that streams read from: ${reader.why}`);
  if (!reader.isPrimary) return partitioned("the server that streams read from");
  if (primary.kind === "alone" || !primary.isPrimary || primary.view !== reader.view) {
    return partitioned("the server that noops are written to");
  }
  const reached = new Set(answered.flatMap((state) => (isMemberOf(state, reader.view) ? [state.node] : [])));
  if (reached.size >= reader.members) return undefined;
  return unreachable(
    `it may be one of the ${reader.members} members of the cluster, of which ${reached.size} were reached`,
  );
}

function isMemberOf(state: NodeState, view: string): state is NodeState & { kind: "member" } {
  return state.kind === "member" && state.isPrimary && state.view === view;
}

function unreachable(message: string): NoQuorum {
  return { reason: "unreachable", message };
}

function partitioned(what: string): NoQuorum {
  return {
    reason: "partitioned",
    message: `${what} is not in the part of its cluster that can commit: bring the network between the nodes back, or read from a node of that part and name one in gaps.primary`,
  };
}
