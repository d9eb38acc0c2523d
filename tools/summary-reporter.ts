import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

/** Ends the output with one line that a person or a machine can read: `12 passed, 0 failed`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that can't be loaded, or a hook outside of any test, has no test to count.
      if (module.state() === "failed" && module.errors().length > 0) count.failed++;
    }
    const unrun = count.pending + (reason === "interrupted" ? 1 : 0);
    const failed = count.failed + errors.length + unrun;
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    // The last word: other reporters print theirs at this same moment. A run that is red for a reason outside of all
    // tests, such as a set-up that threw, is not "0 failed".
    process.once("exit", (code) => {
      console.log(`${count.passed} passed, ${code === 0 ? failed : Math.max(failed, 1)} failed${skipped}`);
    });
  }
}
