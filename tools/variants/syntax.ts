import { type ESTree, parseSync, Visitor } from "rolldown/utils";

/** Where something is in a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The functions and classes that this TypeScript exports by their declaration, by name. */
export function exportedDeclarations(file: string, code: string): ReadonlyMap<string, ESTree.Function | ESTree.Class> {
  const found = new Map<string, ESTree.Function | ESTree.Class>();
  for (const statement of parse(file, code).body) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    const { declaration } = statement;
    if (declaration?.type !== "FunctionDeclaration" && declaration?.type !== "ClassDeclaration") continue;
    if (declaration.id !== null) found.set(declaration.id.name, declaration);
  }
  return found;
}

/** How many methods of this name objects of the class have. */
export function countMethods({ body }: ESTree.Class, name: string): number {
  return body.body.filter(
    (member) =>
      member.type === "MethodDefinition" &&
      member.kind === "method" &&
      !member.static &&
      member.value.body !== null &&
      member.key.type === "Identifier" &&
      member.key.name === name,
  ).length;
}

/** The value of the statement that starts here: what it sets, returns or asks. Undefined if it has none. */
export function valueOfStatementAt(file: string, code: string, start: number): Span | undefined {
  const found: Span[] = [];
  const consider = (statement: Span, value: Span | null | undefined): void => {
    if (statement.start === start && value !== null && value !== undefined) found.push(value);
  };
  const single = (declaration: ESTree.VariableDeclaration): Span | null | undefined =>
    declaration.declarations.length === 1 ? declaration.declarations[0]?.init : undefined;
  new Visitor({
    VariableDeclaration: (node) => consider(node, single(node)),
    ExportNamedDeclaration: (node) =>
      consider(node, node.declaration?.type === "VariableDeclaration" ? single(node.declaration) : undefined),
    PropertyDefinition: (node) => consider(node, node.value),
    ReturnStatement: (node) => consider(node, node.argument),
    IfStatement: (node) => consider(node, node.test),
  }).visit(parse(file, code));
  return found[0];
}

/** The statement that starts here, if it is a call or an assignment. */
export function effectAt(file: string, code: string, start: number): Span | undefined {
  const found: Span[] = [];
  new Visitor({
    ExpressionStatement: (node) => {
      if (node.start === start) found.push(node);
    },
  }).visit(parse(file, code));
  return found[0];
}

/** Whether something there is awaited: in a function of its own it can't be. */
export function awaitsIn(file: string, code: string, { start, end }: Span): boolean {
  let found = false;
  new Visitor({
    AwaitExpression: (node) => {
      if (node.start >= start && node.end <= end) found = true;
    },
  }).visit(parse(file, code));
  return found;
}

function parse(file: string, code: string): ESTree.Program {
  const { program, errors } = parseSync(file, code, { lang: "ts" });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file} is no TypeScript: ${error.message}`);
  return program;
}
