import { showWithCauses } from "../errors/show-error.ts";
import { isolated } from "../waiting/isolated.ts";
import type { ConsumerStatus, LagAlert } from "./consumer-status.ts";
import type { ReflexEvent } from "./event.ts";
import { Reporting } from "./observer.ts";
import type { RunListener } from "./run-listener.ts";
import type { RunStatus, StatusKeeper } from "./run-status.ts";

/** Those options of a consumer that say when it counts as late, and as active. */
interface ActivityOptions {
  readonly lagAlertMs?: number | undefined;
  readonly onLagAlert?: ((alert: LagAlert) => void) | undefined;
  readonly activityTtlMs?: number | undefined;
}

const reporting = new Reporting([]);

/** When a consumer was given events, how late they came, and the runs that it is in. */
export class ConsumerActivity implements RunListener {
  readonly #name: string;
  readonly #options: ActivityOptions;
  readonly #madeAt = new Date();
  readonly #runs = new Set<StatusKeeper>();
  #latestRun: StatusKeeper | undefined;
  #lastEventAt: number | undefined;
  #lagMs: number | undefined;
  #late = false;

  constructor(name: string, options: ActivityOptions) {
    this.#name = name;
    this.#options = options;
  }

  begins(run: StatusKeeper): void {
    this.#runs.add(run);
    this.#latestRun = run;
  }

  ends(run: StatusKeeper): void {
    this.#runs.delete(run);
    this.#latestRun = [...this.#runs].at(-1) ?? run;
  }

  caughtUp(): void {
    if (this.#late) this.#turn(false, 0);
  }

  /** The consumer is given an event. */
  handed(event: ReflexEvent): void {
    const now = Date.now();
    this.#lastEventAt = now;
    const lagMs = Math.max(0, now - event.timestampMicros / 1000);
    this.#lagMs = lagMs;
    const late = lagMs > (this.#options.lagAlertMs ?? 30 * 60_000);
    if (late !== this.#late) this.#turn(late, lagMs);
  }

  status(): ConsumerStatus {
    const { activityTtlMs = 24 * 3_600_000 } = this.#options;
    const last = this.#lastEventAt;
    return {
      ...(this.#latestRun?.status ?? this.#inNoRun),
      active: last !== undefined && Date.now() - last <= activityTtlMs,
      lastEventAt: last === undefined ? undefined : new Date(last),
      lagMs: this.#lagMs,
      lagAlert: this.#late,
    };
  }

  get #inNoRun(): RunStatus {
    return { state: "stopped", since: this.#madeAt, position: "" };
  }

  #turn(late: boolean, lagMs: number): void {
    this.#late = late;
    // What `onLagAlert` throws must not stop the events that it is told of.
    isolated(
      () => this.#options.onLagAlert?.({ consumer: this.#name, alert: late, lagMs }),
      (error) => reporting.warn(`onLagAlert of consumer ${this.#name} threw: ${showWithCauses(error)}`, {}),
    );
  }
}
