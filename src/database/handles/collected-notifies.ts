/** What a transaction of `transaction()` must do once it has committed. */
export interface OpenTransaction {
  /** Wake-ups of the tables that it wrote events to, each once. */
  readonly wakeUps: Set<() => void>;
  /** Set when a statement showed that the server has rolled the transaction back. */
  lost: unknown;
}

const open = new WeakMap<object, OpenTransaction>();

/** Starts to collect for the transaction on this native connection. */
export function beginCollecting(native: object): OpenTransaction {
  const transaction: OpenTransaction = { wakeUps: new Set(), lost: undefined };
  open.set(native, transaction);
  return transaction;
}

export function endCollecting(native: object): void {
  open.delete(native);
}

/** The transaction of `transaction()` on this connection; undefined for one that the user opened. */
export function openTransaction(native: object): OpenTransaction | undefined {
  return open.get(native);
}
