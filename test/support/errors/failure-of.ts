/** What work throws or rejects with; undefined if it does neither. */
export async function failureOf(work: (() => unknown) | PromiseLike<unknown>): Promise<unknown> {
  try {
    await (typeof work === "function" ? work() : work);
    return undefined;
  } catch (error) {
    return error;
  }
}
