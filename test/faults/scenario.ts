import type { ServerVendor } from "../../src/testing/servers/find-server.ts";
import type { RemovedEvents } from "./counting/history.ts";
import type { LeastNumbers } from "./counting/result.ts";
import type { Stage } from "./stage/stage.ts";

/** A load, the faults that are done to it, and what must hold at its end. */
export interface Scenario {
  /** By which it is chosen. */
  readonly name: string;
  /** What is done, in a sentence. */
  readonly about: string;
  /** With fewer events or faults than these, a run has shown nothing. Of each kind of fault that `play` counts. */
  readonly least: LeastNumbers;
  /** How many times as many events and faults a round of the long form has, and needs. @defaultValue 1 */
  readonly timesInLong?: number;
  /** Which events its faults may take out of the table. @defaultValue "none" */
  readonly removed?: RemovedEvents;
  /**
   * Whether its consumers are on another history than the table's at the end. "must": they have to hold until a person has
   * set them back. "may": they can also go on rightly, from a cursor that is of the new history. @defaultValue they are not
   */
  readonly holds?: "must" | "may";
  /** Why it can't be run here; undefined if it can. */
  readonly missing?: (vendor: ServerVendor) => Promise<string | undefined>;
  /** Makes the load and does the faults. What has been committed by its end must reach every consumer. */
  readonly play: (stage: Stage) => Promise<void>;
}
