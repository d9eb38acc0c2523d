import { expect, test } from "vitest";
import { GapClock } from "./gap-clock.ts";

function clockAt(): { clock: GapClock; time: { ms: number } } {
  const time = { ms: 0 };
  return { clock: new GapClock(() => time.ms), time };
}

// Catches counting from the last page, or ending the wait with a page that was on its way before the gap was met.
test("a wait is as long as from the gap to the first row beyond it; the longest is kept", () => {
  const { clock, time } = clockAt();
  clock.gap({ prev: "9" });
  time.ms = 50;
  clock.page({ position: "9" });
  time.ms = 80;
  clock.page({ position: "10" });
  clock.gap({ prev: "11" });
  time.ms = 90;
  clock.page({ position: "20" });
  expect(clock).toMatchObject({ met: 2, longestWaitMs: 80 });
});

// Catches counting the time in which a slow consumer was busy with what it had.
test("a gap that was met while the consumer still had work counts from when it had none", () => {
  const { clock, time } = clockAt();
  clock.gap({ prev: "9" });
  time.ms = 70;
  clock.consumed();
  time.ms = 80;
  clock.page({ position: "12" });
  expect(clock.longestWaitMs).toBe(10);
});
