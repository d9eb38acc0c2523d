import type { Scenario } from "./scenario.ts";
import { droppedPartitions } from "./scenarios/dropped-partitions.ts";
import { failoverCursorsApart, failoverWithCursors } from "./scenarios/failover.ts";
import { killProcess } from "./scenarios/kill-process.ts";
import { killServer } from "./scenarios/kill-server.ts";
import { lostPackets } from "./scenarios/lost-packets.ts";
import { proxyFaults } from "./scenarios/proxy-faults.ts";
import { restoredDump } from "./scenarios/restored-dump.ts";
import { swappedTables } from "./scenarios/swapped-tables.ts";
import { truncateThenFewer, truncateThenMore } from "./scenarios/truncate.ts";

export const scenarios: readonly Scenario[] = [
  killProcess,
  killServer,
  proxyFaults,
  lostPackets,
  droppedPartitions,
  truncateThenFewer,
  truncateThenMore,
  restoredDump,
  swappedTables,
  failoverWithCursors,
  failoverCursorsApart,
];
