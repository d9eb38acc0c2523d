/** 1234567 as "1,234,567". */
export function grouped(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** "1 event", "2 events". */
export function counted(value: number | bigint, noun: string): string {
  return `${grouped(value)} ${noun}${Number(value) === 1 ? "" : "s"}`;
}

/** Breaks a sentence into lines of at most `width`. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
