const LONGEST = 120;

/** A statement without the values in it, for messages: texts, numbers and comments may hold what nobody else is to read. */
export function withoutValues(sql: string): string {
  const text = sql
    .replace(/\/\*[\s\S]*?(\*\/|$)/g, " ")
    .replace(/(--\s|#).*$/gm, " ")
    .replace(/(?:\b[xbn])?'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/gi, "?")
    .replace(/"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)/g, "?")
    .replace(/\b0x[0-9a-f]+\b/gi, "?")
    .replace(/(?<![\w`$])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w`$])/gi, "?")
    .replace(/\s+/g, " ")
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
