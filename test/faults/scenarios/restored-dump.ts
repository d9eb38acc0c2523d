import { dumpTable, findDumpProgram, restoreDump } from "../../support/servers/dumps.ts";
import { DATABASE } from "../../support/servers/server-with-pools.ts";
import type { Scenario } from "../scenario.ts";
import { rewriteScenario } from "./rewrite.ts";

export const restoredDump: Scenario = rewriteScenario({
  name: "restored-dump",
  about: "the events table is restored from an older dump of the server's own program, and ids are given again",
  fault: "dump restored",
  missing: async (vendor) => {
    try {
      await findDumpProgram(vendor);
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  prepare: async (stage, { server, pool }) => {
    const place = { socketPath: server.socketPath, database: DATABASE };
    const common = await stage.lastId(pool);
    const dump = await dumpTable(stage.vendor, { ...place, table: "events" });
    return async () => {
      await restoreDump(place, dump);
      return common;
    };
  },
  newEvents: [50, 400],
});
