/** A part of the source that a variant replaces, and with what. */
export type Part = ReplacedExport | ReplacedMethod | ReplacedPlace | LeftOutStatement;

interface Replacement {
  /** Is given what the source has, and gives what the variant has instead. */
  readonly replace: (original: never) => unknown;
}

export interface ReplacedExport extends Replacement {
  readonly kind: "export";
  /** Its path from the repository's folder. */
  readonly file: string;
  /** A function or class. */
  readonly exported: string;
}

export interface ReplacedMethod extends Replacement {
  readonly kind: "method";
  readonly file: string;
  /** An exported class. */
  readonly exported: string;
  readonly method: string;
}

export interface ReplacedPlace extends Replacement {
  readonly kind: "place";
  /** As the comment above the statement names it; once in the whole source. */
  readonly place: string;
}

/** A statement that is not made. */
export interface LeftOutStatement extends Replacement {
  readonly kind: "statement";
  /** As the comment above the statement names it; once in the whole source. */
  readonly place: string;
}

/** The library with some of its parts replaced. */
export interface Variant {
  readonly name: string;
  readonly parts: readonly Part[];
}

type Method = (...parameters: never) => unknown;
type Class = abstract new (...parameters: never) => object;
type NamesOf<T, Kind> = { [Name in keyof T]: T[Name] extends Kind ? Name : never }[keyof T] & string;
type Instance<T> = T extends abstract new (...parameters: never) => infer Made ? Made : never;
type Bound<This, M> = M extends (...parameters: infer Parameters) => infer Result
  ? (this: This, ...parameters: Parameters) => Result
  : never;

/** What of a module can be replaced. */
export interface ModuleParts<Module> {
  /** Another function or class under this name, for the module itself too. */
  replaceExport<Name extends NamesOf<Module, Method | Class>>(
    exported: Name,
    replace: (original: Module[Name]) => Module[Name],
  ): Part;
  /** Another method of this class. One that is private (`#`) can't be reached. */
  replaceMethod<
    Name extends NamesOf<Module, Class>,
    MethodName extends NamesOf<Instance<Module[Name]>, Method>,
    Replaced extends Bound<Instance<Module[Name]>, Instance<Module[Name]>[MethodName]>,
  >(exported: Name, method: MethodName, replace: (original: Replaced) => Replaced): Part;
}

/**
 * The parts of a module, whose type and path name the same file: a name that is not there is an error of the compiler, a path
 * that is not there one of {@link checkVariant}.
 */
export function moduleAt<Module>(file: string): ModuleParts<Module> {
  return {
    replaceExport: (exported, replace) => ({ kind: "export", file, exported, replace }),
    replaceMethod: (exported, method, replace) => ({ kind: "method", file, exported, method, replace }),
  };
}

/**
 * The value of the statement below the comment `// variant place: NAME`: what a `const` or field is set to, what is returned,
 * the condition of an `if`. The replacement may ask for the value that the source gives.
 */
export function replacePlace<Value>(place: string, replace: (original: () => Value) => Value): Part {
  return { kind: "place", place, replace };
}

/** Leaves out the statement below the comment `// variant place: NAME`: a call, or what is set to something else. */
export function leaveOut(place: string): Part {
  return { kind: "statement", place, replace: () => undefined };
}
