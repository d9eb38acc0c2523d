/** What was collected during a transaction of `transaction()`, for its end. */
export interface OpenTransaction {
  /** The wake-ups of the tables that it wrote events to, one for each table. They are called after the commit. */
  readonly wakeUps: Set<() => void>;
  /** The error that showed that the server has rolled the transaction back; undefined if none did. */
  lost: unknown;
}

const open = new WeakMap<object, OpenTransaction>();

/** Starts to collect for the transaction on this driver's connection. */
export function beginCollecting(native: object): OpenTransaction {
  const transaction: OpenTransaction = { wakeUps: new Set(), lost: undefined };
  open.set(native, transaction);
  return transaction;
}

export function endCollecting(native: object): void {
  open.delete(native);
}

/**
 * What is collected for the transaction of `transaction()` on this connection; undefined for a transaction that the
 * user opened.
 */
export function openTransaction(native: object): OpenTransaction | undefined {
  return open.get(native);
}
