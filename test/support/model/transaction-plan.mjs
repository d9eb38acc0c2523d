const LONG_MS = 400;
// Longer than any wait of a stream's own: it must not go by the clock.
const VERY_LONG_MS = 3000;

/** What one transaction is going to do, drawn before it begins: what the server does must not shift the numbers. */
export function planTransaction(random) {
  const chance = (probability) => random() < probability;
  const upTo = (most) => Math.floor(random() * most);
  const rows = 1 + upTo(5);
  const ending = random();
  return {
    // From ten events on, `insertMany` sends one statement of many rows.
    insertMany: chance(0.3) ? (chance(0.3) ? rows + 9 : rows) : 0,
    rows,
    onPool: chance(0.1),
    pausesMs: Array.from({ length: rows }, () => (chance(0.3) ? upTo(6) : 0)),
    savepoint: chance(0.15) ? { before: upTo(rows), rows: 1 + upTo(2) } : undefined,
    // Idle times let streams come to the head, where they meet each gap on its own.
    idleMs: upTo(40),
    beforeEndMs: chance(0.004) ? LONG_MS : chance(0.3) ? upTo(10) : 0,
    ending: ending < 0.01 ? "dies" : ending < 0.02 ? "dies in commit" : ending < 0.17 ? "rolls back" : "commits",
    deathMs: random() * 2,
  };
}

/** The same, but held open for very long and committed then. */
export function veryLong(plan) {
  return { ...plan, onPool: false, ending: "commits", beforeEndMs: VERY_LONG_MS };
}
