import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 20;
const USUAL_LIMIT_MS = 60_000;

/** A condition did not come to hold in time. */
export class LimitReached extends Error {}

/** A stage on which a play waits for what its programs have written. */
export abstract class WaitingStage {
  /** Takes in what the programs have written since the last call. */
  abstract read(): void;

  /** Resolves once the condition holds. @throws LimitReached that names it; or what {@link read} throws */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    limitMs: number = USUAL_LIMIT_MS,
  ): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      this.read();
      if (await condition()) return;
      if (performance.now() > deadline) throw new LimitReached(`within ${limitMs / 1000} s not: ${what}`);
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Whether the condition comes to hold in time. */
  async reaches(what: string, condition: () => boolean | Promise<boolean>, limitMs?: number): Promise<boolean> {
    try {
      await this.until(what, condition, limitMs);
      return true;
    } catch (error) {
      if (error instanceof LimitReached) return false;
      throw error;
    }
  }
}
