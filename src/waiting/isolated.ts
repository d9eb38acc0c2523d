import { isThenable } from "./thenable.ts";

/**
 * Calls a function whose failure must not stop the caller. What it throws, or what its promise rejects with later, goes
 * to `onError`.
 */
export function isolated(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const outcome = call();
    if (isThenable(outcome)) outcome.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}
