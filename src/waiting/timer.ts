// The longest delay of a timer of Node.js, which fires one of more at once and prints a warning. A longer wait is made
// of several timers.
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

export interface TimerOptions {
  /** Whether the timer keeps the process alive. @defaultValue true */
  keepAlive?: boolean;
}

/** Calls `fire` after `delayMs`, however long that is. Returns a function that cancels it. */
export function startTimer(delayMs: number, fire: () => void, options: TimerOptions = {}): () => void {
  if (delayMs <= LONGEST_TIMER_MS) {
    const single = setTimeout(fire, delayMs);
    if (options.keepAlive === false) single.unref();
    return () => clearTimeout(single);
  }
  let left = delayMs;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const step = Math.min(left, LONGEST_TIMER_MS);
    left -= step;
    timer = setTimeout(() => (left > 0 ? arm() : fire()), step);
    if (options.keepAlive === false) timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}
