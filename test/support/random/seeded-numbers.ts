import { randomInt } from "node:crypto";
import { randomNumbers } from "./random-numbers.mjs";

/** Random numbers from 0 to 1 by a seed of their own, which is printed; `RSQL_TEST_SEED` has it taken again. */
export function seededNumbers(): () => number {
  const { RSQL_TEST_SEED: given } = process.env;
  const seed = given === undefined ? randomInt(1_000_000) : Number(given);
  console.log(`random numbers of seed ${seed}`);
  return randomNumbers(seed);
}
