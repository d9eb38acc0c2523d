import { isThenable } from "./thenable.ts";

/** Calls what must not stop the caller: what it throws, or rejects with later, goes to `onError`. */
export function isolated(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const outcome = call();
    if (isThenable(outcome)) outcome.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}
