/** A value that an option must refuse, with a name for the test's title. */
export type WrongValue = readonly [name: string, value: unknown];

const promise = Promise.resolve();

/** Wrong for every option but those whose kind takes them. */
const everywhere: Readonly<Record<string, unknown>> = {
  null: null,
  symbol: Symbol("x"),
  bigint: 5n,
  true: true,
  "a string": "wrong value",
  "the empty string": "",
  0: 0,
  7: 7,
  "-1": -1,
  "1.5": 1.5,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "2 ** 53": 2 ** 53,
  "an array": [],
  "an array of one": [undefined],
  "an object": {},
  "a Promise": promise,
  "a function": () => undefined,
};

/** What an option takes. */
export type Kind =
  | "boolean"
  | "function"
  | "object"
  | "special"
  | "duration"
  | "finiteDuration"
  | "positiveNumber"
  | "count"
  | "countFromZero"
  | "port"
  | "text"
  | "anyText"
  | "oneLine"
  | "identifier"
  | "tableName"
  | "status"
  | "texts"
  | "anything";

/** Which of those values an option of the kind takes. All others must be refused. */
const taken: Readonly<Record<Kind, readonly string[]>> = {
  boolean: ["true"],
  function: ["a function"],
  object: ["an object"],
  /** An object made for the library, or whatever else only its own check can tell. */
  special: [],
  duration: ["0", "7", "1.5", "Infinity", "2 ** 53"],
  finiteDuration: ["0", "7", "1.5", "2 ** 53"],
  positiveNumber: ["7", "1.5", "Infinity", "2 ** 53"],
  count: ["7"],
  countFromZero: ["0", "7"],
  port: ["7"],
  text: ["a string"],
  anyText: ["a string", "the empty string"],
  oneLine: ["a string", "the empty string"],
  identifier: ["a string"],
  tableName: ["a string"],
  status: ["0"],
  texts: ["an array"],
  anything: Object.keys(everywhere),
};

const identifiers: readonly WrongValue[] = [
  ["a quote", "a`b"],
  ["a quote mark", "a'b"],
  ["65 characters", "x".repeat(65)],
  ["a dot", "a.b"],
  ["a control character", "a\nb"],
  ["a NUL", "a\0b"],
  ["a space at the end", "a "],
];

/** All values that an option of this kind must refuse. */
export function wrongValues(kind: Kind): readonly WrongValue[] {
  const wrong = Object.entries(everywhere).filter(([name]) => !taken[kind].includes(name));
  if (kind === "identifier") return [...wrong, ...identifiers];
  return kind === "tableName" ? [...wrong, ...identifiers.filter(([name]) => name !== "a dot")] : wrong;
}

/** Names that no option has, among them those that every object has. */
export const unknownNames = ["nonsense", "constructor", "__proto__", "toString", "hasOwnProperty", ""] as const;

/** What is no options object. */
export const wrongOptions: readonly WrongValue[] = [
  ["null", null],
  ["a string", "text"],
  ["a number", 5],
  ["true", true],
  ["an array", []],
  ["a function", () => undefined],
  ["a Promise", promise],
  ["a Map", new Map([["limit", 3]])],
  ["an AbortSignal", new AbortController().signal],
];

/** Whatever the message must show of the value. Of text it must not show the text itself, which may be a secret. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} character`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "function") return "function";
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value === "object" && value !== null) return `object (${value.constructor.name})`;
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** Whatever the message must show of a name, id or cursor: its text too. */
export function shownName(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value).slice(0, 20) : shown(value);
}

/** Whatever the message must show of data of the user's: of a number only what kind it is. */
export function shownKind(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? "number" : shown(value);
}
