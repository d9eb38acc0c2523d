// A program that imports its arguments one after the other, and prints the ms that each took as JSON.
const times: Record<string, number> = {};
for (const name of process.argv.slice(2)) {
  const startedAt = performance.now();
  await import(name);
  times[name] = performance.now() - startedAt;
}
console.log(JSON.stringify(times));
