const LONGEST = 120;

// The parts of a statement that are not shown as they are, and quoted names. They are found in one go from the beginning: a
// quote counts in none of the others, and what begins a comment counts in no quotes.
const PART = new RegExp(
  [
    /(?<comment>\/\*[\s\S]*?(?:\*\/|$)|(?:--(?=\s|$)|#).*)/,
    /(?<name>`(?:[^`]|``)*`)/,
    /(?:\b[xbn])?'(?:[^'\\]|''|\\[^'])*(?:'|\\?$)/,
    /"(?:[^"\\]|""|\\[^"])*(?:"|\\?$)/,
    /(?<unclear>(?:(?:\b[xbn])?['"]|`|--)[\s\S]*)/,
    /\b0x[0-9a-f]+\b/,
    /(?<![\w`$])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w`$])/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gi",
);

/**
 * A statement without the values in it, for messages: texts, numbers and comments may hold what nobody else is to read. It
 * is cut where servers read it in two ways: a backslash before a quote may be a part of the text or, under
 * NO_BACKSLASH_ESCAPES and in SQLite, end it; `--` may begin a comment or be two signs.
 */
export function withoutValues(sql: string): string {
  const text = sql
    .replace(PART, (...[, comment, name, unclear]: readonly (string | undefined)[]) => {
      if (comment !== undefined) return " ";
      return name ?? (unclear === undefined ? "?" : "...");
    })
    .replace(/\s+/g, " ")
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
