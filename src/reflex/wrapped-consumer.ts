import type { Consumer } from "./consumer.ts";

const wrapped = new WeakMap<object, object>();

/** Declares that `wrapper` hides the failures of `consumer`. */
export function declareWrapper<T extends number>(wrapper: Consumer<T>, consumer: Consumer<T>): void {
  wrapped.set(wrapper, consumer);
}

/**
 * The consumer under all wrappers, whose failures show. A retry through a wrapper that hides them would always seem to
 * succeed.
 */
export function unwrapped<T extends number>(consumer: Consumer<T>): Consumer<T> {
  const inner = wrapped.get(consumer) as Consumer<T> | undefined;
  return inner === undefined ? consumer : unwrapped(inner);
}
