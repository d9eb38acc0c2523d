/** Flags that keep a run of the demo short. */
export const short: readonly string[] = ["--seconds", "2", "--orders-per-second", "60"];
/** What it says at its end when all agrees. */
export const passed: RegExp = /^PASSED: \d+ events to 3 consumers: none lost, none doubled, all in order$/m;
/** What it says of rollbacks. */
export const rolledBack = (gap: "a" | "no"): RegExp =>
  new RegExp(`^  orders rolled back +[1-9]\\d* +after their insert, which leaves ${gap} gap$`, "m");
