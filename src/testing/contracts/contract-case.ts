import { typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";

/** One rule of a contract, for a test runner: `test(name, run)`. */
export interface ContractCase {
  /** The rule, as a sentence. */
  readonly name: string;
  /** Resolves if the rule holds; rejects with an `AssertionError` of `node:assert` that tells what was found. */
  readonly run: () => Promise<void>;
}

/** How the cases of a contract wait. */
export interface ContractOptions {
  /** The longest to wait for what must happen, in ms; then the case fails. @defaultValue 4000 */
  patienceMs?: number | undefined;
}

/** Makes what a case needs, runs it and frees that again; an error of freeing hides none of the case. */
export async function runCase<S extends AsyncDisposable>(
  make: () => Promise<S>,
  check: (scene: S) => Promise<void>,
): Promise<void> {
  const scene = await make();
  try {
    await check(scene);
  } catch (error) {
    await Promise.allSettled([scene[Symbol.asyncDispose]()]);
    throw error;
  }
  await scene[Symbol.asyncDispose]();
}

/** `makeSubject`, checked now, and what it makes, checked then. @throws TypeError `invalid_argument` */
export function subjectMaker<S extends object>(
  contract: string,
  makeSubject: () => S | Promise<S>,
  names: readonly (keyof S & string)[],
): () => Promise<S> {
  if (typeof makeSubject !== "function") {
    throw typeMistake(
      "invalid_argument",
      `${contract} needs a function that makes a subject, found ${show(makeSubject)}`,
    );
  }
  return async () => {
    const subject = await makeSubject();
    if (names.every((name) => typeof (Object(subject) as S)[name] === "function")) return subject;
    const expected = `an object with ${names.join(" and ")}`;
    throw typeMistake("invalid_argument", `the subject of ${contract} must be ${expected}, found ${show(subject)}`);
  };
}
