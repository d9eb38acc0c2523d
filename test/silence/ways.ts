import type { Way } from "./way.ts";
import { firstCursorLocked, inFlight, lockedAtGap, lockedAtHead, metadataLock, oldCause } from "./ways/locks.ts";
import { blackHoleAtGap, blackHoleAtHead, lostPacketsAtGap, lostPacketsAtHead } from "./ways/networks.ts";
import { poolTakenByHandler, poolTakenByOthers, startWithoutConnection } from "./ways/pools.ts";
import { serverKilled, serverUpAndDown } from "./ways/servers.ts";
import { truncatedAtHead } from "./ways/truncated.ts";

export const ways: readonly Way[] = [
  lockedAtGap,
  lockedAtHead,
  metadataLock,
  inFlight,
  oldCause,
  firstCursorLocked,
  blackHoleAtHead,
  blackHoleAtGap,
  lostPacketsAtHead,
  lostPacketsAtGap,
  poolTakenByOthers,
  poolTakenByHandler,
  startWithoutConnection,
  serverKilled,
  serverUpAndDown,
  truncatedAtHead,
];
