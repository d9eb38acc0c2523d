// Node.js 20 has it; TypeScript counts it to a later version of the language.
interface WellFormed {
  isWellFormed(): boolean;
}

/** Whether a text has no half of a surrogate pair, which would become another character on its way to a server. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}
