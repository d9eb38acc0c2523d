import { describe, expect, test } from "vitest";
import { galeraMissing } from "./galera.ts";
import { groupMissing } from "./group-replication.ts";

/** Whether the long forms are asked for, which `npm run test:clusters` does. */
export const isLong: boolean = process.env["RSQL_CLUSTERS"] === "long";

export type ClusterKind = "Galera" | "Group Replication";

const missing: Readonly<Record<ClusterKind, () => Promise<string | undefined>>> = {
  Galera: galeraMissing,
  "Group Replication": groupMissing,
};

/** Registers tests on a kind of cluster, or one that is skipped and says why there is none. */
export async function describeCluster(kind: ClusterKind, register: () => void): Promise<void> {
  const reason = await missing[kind]();
  if (reason === undefined) registerTests(kind, register);
  else registerSkipped(kind, reason);
}

function registerTests(kind: ClusterKind, register: () => void): void {
  describe(`A cluster of ${kind}`, () => {
    register();
  });
}

function registerSkipped(kind: ClusterKind, reason: string): void {
  test(`needs ${kind}: ${reason}`, ({ skip }) => {
    skip(reason);
    expect.unreachable();
  });
}
