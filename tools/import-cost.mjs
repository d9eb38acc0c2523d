// What it takes to import a module, in units of another one: a figure that is the same on fast and slow machines.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

// The time of the processor, not of the clock, which goes on while other programs have the processor.
const program = `
const before = process.cpuUsage();
await import(process.argv[1]);
const { user, system } = process.cpuUsage(before);
// On the last line: a module may print as well, though ours never should.
console.log("\\n" + (user + system));
`;

/** The median of some processes that import `module`, divided by that of as many that import `comparedWith`, by turns. */
export function importCost(module, { comparedWith, rounds }) {
  const ofModule = [];
  const ofOther = [];
  for (let round = 0; round < rounds; round++) {
    ofModule.push(importMicros(module));
    ofOther.push(importMicros(comparedWith));
  }
  return Math.round((median(ofModule) / median(ofOther)) * 10) / 10;
}

function importMicros(module) {
  const args = ["--input-type=module", "--eval", program, module];
  const cwd = resolve(import.meta.dirname, "..");
  return Number(execFileSync(process.execPath, args, { cwd, encoding: "utf8" }).trim().split("\n").at(-1));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
