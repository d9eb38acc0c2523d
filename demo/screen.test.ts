import { describe, expect, test } from "vitest";
import { type Output, Screen } from "./screen.ts";

interface Recorded extends Output {
  text: string;
}

function terminal(columns?: number): Recorded {
  const recorded = {
    text: "",
    ...(columns === undefined ? {} : { isTTY: true, columns }),
    write(part: unknown): boolean {
      recorded.text += String(part);
      return true;
    },
  };
  return recorded;
}

describe("without a terminal", () => {
  test("lines are printed without any escape sequence, and blocks not at all", () => {
    const output = terminal();
    const screen = new Screen(output, {});
    screen.draw(["block"]);
    screen.print(screen.paint.red("line"));
    screen.close();
    expect(output.text).toBe("line\n");
  });

  test("a terminal that can't move its cursor counts as none", () => {
    expect(new Screen(terminal(80), { TERM: "dumb" }).live).toBe(false);
  });
});

describe("on a terminal", () => {
  test("a block is drawn over the last one, and lines are printed above it", () => {
    const output = terminal(80);
    const screen = new Screen(output, {});
    screen.draw(["one", "two"]);
    output.text = "";
    screen.print("line");
    expect(output.text).toBe("\u001B[2A\r\u001B[Jline\none\ntwo\n");
  });

  test("closing takes the block away and shows the cursor again", () => {
    const output = terminal(80);
    const screen = new Screen(output, {});
    screen.draw(["one"]);
    output.text = "";
    screen.close();
    expect(output.text).toBe("\u001B[1A\r\u001B[J\u001B[?25h");
  });

  test("NO_COLOR leaves the colours out, and keeps the redrawing", () => {
    const screen = new Screen(terminal(80), { NO_COLOR: "1" });
    expect(screen.paint.red("text")).toBe("text");
    expect(screen.live).toBe(true);
  });

  test("a line that is too long is cut, not its colours", () => {
    const output = terminal(10);
    const screen = new Screen(output, {});
    screen.draw([`ab${screen.paint.red("cdefghijklmn")}op`]);
    expect(output.text).toContain("ab\u001B[31mcdefghi\u001B[39m\n");
  });
});
