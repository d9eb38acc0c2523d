/**
 * Whether `value` can be awaited: a promise of any realm or library, or a query builder that runs its query when it is
 * awaited.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { then?: unknown }).then === "function";
}
