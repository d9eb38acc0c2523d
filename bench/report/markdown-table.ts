/** Where the text of a column's cells stands. */
export type Side = "left" | "right";

export interface Table {
  /** Names that are longer run over the first column's edge, in their line only. */
  readonly nameWidth: number;
  /** Whether a table that is wider than a screen is cut into several, each with the names. */
  readonly isCut: boolean;
  readonly head: readonly string[];
  readonly sides: readonly Side[];
  readonly rows: readonly (readonly string[])[];
}

const SCREEN = 100;

/** A table that can be read as text too: its columns are padded. */
export function markdownTable(table: Table): string {
  const rows = [table.head, ...table.rows].map((row) => row.map(escapeCell));
  const widths = table.head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  widths[0] = Math.min(widths[0] ?? 0, table.nameWidth);
  const pieces = (table.isCut ? fittingColumns(widths) : [[...widths.keys()]]).map((columns) => {
    const pad = (row: readonly string[]): string[] =>
      columns.map((column) => {
        const [text, width] = [row[column] ?? "", widths[column] ?? 0];
        return table.sides[column] === "right" ? text.padStart(width) : text.padEnd(width);
      });
    const rule = columns.map((column) => {
      const dashes = "-".repeat((widths[column] ?? 3) - 1);
      return table.sides[column] === "right" ? `${dashes}:` : `${dashes}-`;
    });
    const [head = [], ...body] = rows.map(pad);
    return [head, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  });
  return pieces.join("\n\n");
}

/** Which columns go together, each group with the first. */
function fittingColumns(widths: readonly number[]): readonly (readonly number[])[] {
  const [first = 0] = widths;
  const groups: number[][] = [[0]];
  let used = first + 4;
  for (const [column, width] of widths.entries()) {
    if (column === 0) continue;
    if (used + width + 3 > SCREEN && (groups.at(-1)?.length ?? 0) > 1) {
      groups.push([0]);
      used = first + 4;
    }
    groups.at(-1)?.push(column);
    used += width + 3;
  }
  return groups;
}

function escapeCell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

/** Text in lines that fit on a screen, code in one piece, those after the first with `indent`. */
export function wrapText(text: string, indent = ""): string {
  const lines = [""];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (indent.length + line.length + 1 + word.length <= SCREEN) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${indent}`);
}
