/** One way of doing the work: does it once and resolves with how fast it was, in units of work per second. */
export type Contender = () => Promise<number>;

/** What each contender reached, a value a round. */
export type Rates<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** How two contenders compare. */
export interface Ratio {
  /** The median over the rounds of one rate divided by the other of the same round. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rounds: number;
}

/**
 * Runs the contenders in turn, round by round, each round in another order, after one that does not count: what the machine
 * does besides hits all alike.
 */
export async function interleaved<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  rounds: number,
): Promise<Rates<Name>> {
  const names = Object.keys(contenders) as Name[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      if (name === undefined) continue;
      const rate = await contenders[name]();
      if (round > 0) rates[name].push(rate);
    }
  }
  return rates;
}

/** One contender's rates against those of another, round by round. */
export function ratioOf(rates: readonly number[], baseline: readonly number[]): Ratio {
  const ratios = rates.map((rate, round) => rate / (baseline[round] ?? Number.NaN)).toSorted((a, b) => a - b);
  return {
    ratio: rounded(median(ratios)),
    lowest: rounded(ratios[0] ?? Number.NaN),
    highest: rounded(ratios.at(-1) ?? Number.NaN),
    rounds: ratios.length,
  };
}

/** The middle value, of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** To three significant digits, so that no one reads more out of a figure than is in it. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Units per second of work that takes `units` units. */
export async function rateOf(units: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (units * 1000) / (performance.now() - startedAt);
}
