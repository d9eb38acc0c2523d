/** What `work` returns; what it throws comes as a rejection. An `async` function would add a promise and three turns of the queue. */
export function rejecting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return rejected(error);
  }
}

async function rejected(error: unknown): Promise<never> {
  throw error;
}
