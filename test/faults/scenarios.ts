import type { Scenario } from "./scenario.ts";
import { killProcess } from "./scenarios/kill-process.ts";
import { killServer } from "./scenarios/kill-server.ts";
import { truncateThenFewer, truncateThenMore } from "./scenarios/truncate.ts";

export const scenarios: readonly Scenario[] = [killProcess, killServer, truncateThenFewer, truncateThenMore];
