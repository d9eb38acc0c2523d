const LOOK_MS = 3000;
const TELL_MS = 60_000;

/** How a consumer that is held is looked after. */
export interface HoldTimes {
  /** How long to wait between two looks at whether the consumer can go on, in ms. */
  readonly lookMs: number;
  /** How long to wait before it is told again that the consumer is held, in ms. */
  readonly tellMs: number;
}

let times: HoldTimes = { lookMs: LOOK_MS, tellMs: TELL_MS };

export function holdTimes(): HoldTimes {
  return times;
}

/** Sets {@link holdTimes} for tests, which can't wait so long; what is not given is as programs have it. */
export function setHoldTimes({ lookMs = LOOK_MS, tellMs = TELL_MS }: Partial<HoldTimes> = {}): void {
  times = { lookMs, tellMs };
}
