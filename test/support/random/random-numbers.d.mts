/** Random numbers from 0 to 1 (mulberry32): the same seed gives the same numbers. */
export function randomNumbers(seed: number): () => number;
