import { describe, expect, test } from "vitest";
import { galeraMissing } from "./galera.ts";
import { groupMissing } from "./group-replication.ts";

/** Whether the long forms are asked for, which `npm run test:clusters` does. */
export const isLong: boolean = process.env["RSQL_CLUSTERS"] === "long";

const kinds: Readonly<Record<"galera" | "group", () => Promise<string | undefined>>> = {
  galera: galeraMissing,
  group: groupMissing,
};

/** Registers tests on a kind of cluster, or one that is skipped and says why there is none. */
export async function describeCluster(kind: keyof typeof kinds, title: string, register: () => void): Promise<void> {
  const reason = await kinds[kind]();
  if (reason === undefined) return void describe(title, register);
  test(`${title}: ${reason}`, ({ skip }) => {
    skip(reason);
    expect.unreachable();
  });
}
