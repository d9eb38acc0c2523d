import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startTimer } from "./timer.ts";

describe("a timer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1000, 2 ** 33])(
    "of %d ms fires then, once, not before",
    (delayMs) => {
      const fire = vi.fn<() => void>();
      startTimer(delayMs, fire);
      if (delayMs > 0) vi.advanceTimersByTime(delayMs - 1);
      expect(fire).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(fire).toHaveBeenCalledOnce();
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test("of Infinity never fires and can be cancelled", () => {
    const fire = vi.fn<() => void>();
    const cancel = startTimer(Number.POSITIVE_INFINITY, fire);
    vi.advanceTimersByTime(2 ** 34);
    expect(fire).not.toHaveBeenCalled();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("can be cancelled in each of the steps that a long wait is made of", () => {
    const fire = vi.fn<() => void>();
    const cancelEarly = startTimer(2 ** 32, fire);
    const cancelLate = startTimer(2 ** 32, fire);
    cancelEarly();
    vi.advanceTimersByTime(2 ** 31 + 5);
    expect(vi.getTimerCount()).toBe(1);
    cancelLate();
    cancelLate();
    vi.advanceTimersByTime(2 ** 33);
    expect(fire).not.toHaveBeenCalled();
  });
});

describe("a process whose last timer", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "timer-"));
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const options = ["--ignoreConfig", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    const typeRoots = join(root, "node_modules", "@types");
    execFileSync(
      join(root, "node_modules", ".bin", "tsc"),
      [...options, "--typeRoots", typeRoots, "--outDir", folder, join(root, "src", "waiting", "timer.ts")],
      { cwd: root },
    );
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ["does not keep it alive ends", { delayMs: 600_000, options: "{ keepAlive: false }", prints: "" }],
    ["keeps it alive waits for it", { delayMs: 50, options: "{ keepAlive: true }", prints: "fired" }],
    ["was given no options waits for it", { delayMs: 50, options: "{}", prints: "fired" }],
  ])("%s", async (_title, { delayMs, options, prints }) => {
    const program = `import { startTimer } from "./timer.js";
startTimer(${delayMs}, () => process.stdout.write("fired"), ${options});`;
    writeFileSync(join(folder, "main.js"), program);
    const ended = await promisify(execFile)(process.execPath, [join(folder, "main.js")], { timeout: 20_000 });
    expect(ended.stdout).toBe(prints);
  });
});
