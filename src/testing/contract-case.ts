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

/** Below the 5 s after which most runners give a test up, so that the message tells what was waited for. */
export const defaultPatienceMs = 4000;

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
