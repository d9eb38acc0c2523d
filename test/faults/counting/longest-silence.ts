import type { ToldTime } from "./history.ts";

/** The time from the commit of an event to its delivery. */
export interface WaitingTime {
  readonly from: number;
  readonly to: number;
}

/** The longest part of a wait in which nothing was told, in ms. */
export function longestSilence(waits: readonly WaitingTime[], told: readonly ToldTime[]): number {
  const silences = between(told);
  let longest = 0;
  for (const { from, to } of waits) {
    for (let index = firstEndingAfter(silences, from); index < silences.length; index++) {
      const silence = silences[index];
      if (silence === undefined || silence.from >= to) break;
      longest = Math.max(longest, Math.min(silence.to, to) - Math.max(silence.from, from));
    }
  }
  return longest;
}

/** The times in which nothing was told, ascending, from the beginning to the end of time. */
function between(told: readonly ToldTime[]): ToldTime[] {
  const silences: ToldTime[] = [];
  let from = Number.NEGATIVE_INFINITY;
  for (const time of told.toSorted((a, b) => a.from - b.from)) {
    if (time.from >= from) silences.push({ from, to: time.from });
    from = Math.max(from, time.to);
  }
  silences.push({ from, to: Number.POSITIVE_INFINITY });
  return silences;
}

function firstEndingAfter(silences: readonly ToldTime[], time: number): number {
  let [low, high] = [0, silences.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((silences[middle]?.to ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}
