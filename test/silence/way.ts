import type { ServerVendor } from "../../src/testing/servers/find-server.ts";
import type { Truth } from "./judging/judge-wait.ts";
import type { SilenceStage } from "./stage/silence-stage.ts";

/** One way in which readers are kept waiting, and what they may rightly say of it. */
export interface Way extends Truth {
  /** By which it is chosen. */
  readonly name: string;
  /** What is done, in a sentence. */
  readonly about: string;
  /** Why it can't be tried here; undefined if it can. */
  readonly missing?: (vendor: ServerVendor) => Promise<string | undefined>;
  /** Keeps readers waiting as many times as the stage has tries. */
  readonly play: (stage: SilenceStage) => Promise<void>;
}
