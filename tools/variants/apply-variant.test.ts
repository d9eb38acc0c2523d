import { expect, test } from "vitest";
import { applyVariant, checkVariant } from "./apply-variant.ts";
import { leaveOut, moduleAt, type Part, replacePlace } from "./variant.ts";

interface Anything {
  greet(): string;
  Greeter: new () => { greet(): string };
}

const module = moduleAt<Anything>("src/greet.ts");
const greet = module.replaceExport("greet", () => () => "");
const method = module.replaceMethod("Greeter", "greet", () => () => "");
const place = replacePlace("how many", () => 0);

function apply(part: Part, code: string): string {
  return applyVariant({ name: "rude", parts: [part] }, "src/greet.ts", code);
}

test("an exported function is set to what the replacement makes of it", () => {
  const code = "export function greet(): string {\n  return '';\n}\n";
  const [first, ...rest] = apply(greet, code).split("\n");
  expect(first).toMatch(
    /^import { replacementOf as \$replacementOf } from ".+"; const \$part0 = \$replacementOf\("rude", 0\); export function greet/,
  );
  expect(rest).toEqual(["  return '';", "}", "", "greet = $part0(greet);", ""]);
});

test("a method is set on the class", () => {
  const code = "export class Greeter {\n  greet(): string;\n  greet() { return ''; }\n  static greet() {}\n}";
  expect(apply(method, code)).toContain("\nGreeter.prototype.greet = $part0(Greeter.prototype.greet);\n");
});

test.each([
  ["const count: number = 3 + 4;", "const count: number = $part0(() => (3 + 4));"],
  ["export const count = 3;", "export const count = $part0(() => (3));"],
  ["if (a && b) c = 1;", "if ($part0(() => (a && b))) c = 1;"],
  ["return { a };", "return $part0(() => ({ a }));", ["function f() {", "}"]],
  ["readonly #a = this.#b();", "readonly #a = $part0(() => (this.#b()));", ["class A {", "#b() {} }"]],
])("at a marked place the value is replaced: %s", (statement, changed, around = ["", ""]) => {
  const code = (text: string): string =>
    `const ä = "ö";${around[0]}\n// variant place: how many\n  ${text}\n${around[1]}`;
  expect(apply(place, code(statement))).toContain(code(changed));
});

test.each(["call(1, 2);", "this.#a = undefined;"])("at a marked place a statement is left out: %s", (statement) => {
  const code = (text: string): string => `class A { #a; b() {\n// variant place: how many\n${text}\n} }`;
  expect(apply(leaveOut("how many"), code(statement))).toContain(code(";"));
});

test("a file that has nothing of the variant stays as it is", () => {
  const variant = { name: "rude", parts: [greet, place] };
  expect(applyVariant(variant, "src/other.ts", "export function greet() {}")).toBe("export function greet() {}");
});

test.each<[string, Part, string]>([
  ["exports no function or class greet", greet, "export const greet = () => '';"],
  ["exports no function or class greet", greet, "function greet() {}"],
  ["is no class", method, "export function Greeter() {}"],
  ["0 times in Greeter", method, "export class Greeter {\n  #greet() {}\n  get greet() { return 1; }\n}"],
  ["2 times in Greeter", method, "export class Greeter {\n  greet() {}\n  greet() {}\n}"],
  ["is no TypeScript", greet, "export function greet( {}"],
  ["not only once", place, "// variant place: how many\nconst a = 1;\n// variant place: how many\nconst b = 1;"],
  ["no statement with a value", place, "// variant place: how many\ncall();"],
  ["no statement with a value", place, "// variant place: how many\nlet a;"],
  ["no statement with a value", place, "// variant place: how many\nconst a = 1, b = 2;"],
  ["no statement to leave out", leaveOut("how many"), "// variant place: how many\nconst a = 1;"],
  ["awaits something", place, "// variant place: how many\nconst a = await b;"],
])("what a variant can't replace is an error: %s", (message, part, code) => {
  expect(() => apply(part, code)).toThrow(message);
});

test("a name that no source has, or several, is an error", () => {
  const variant = { name: "rude", parts: [place] };
  const code = "// variant place: how many\nconst a = 1;";
  checkVariant(variant, new Map([["src/a.ts", code]]));
  expect(() => checkVariant(variant, new Map([["src/a.ts", "const a = 1;"]]))).toThrow("0 times in the source");
  const twice = new Map([
    ["src/a.ts", code],
    ["src/b.ts", code],
  ]);
  expect(() => checkVariant(variant, twice)).toThrow("2 times in the source");
  const moved = new Map([["src/moved.ts", "export function greet() {}"]]);
  expect(() => checkVariant({ name: "rude", parts: [greet] }, moved)).toThrow("no file src/greet.ts");
});
