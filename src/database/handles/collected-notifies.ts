/** What was collected during a transaction of `transaction()`, for its end. */
export interface OpenTransaction {
  /** The wake-ups of the tables that it wrote events to, one for each table. They are called after the commit. */
  readonly wakeUps: Set<() => void>;
  /** The error that forbids the commit: the server has rolled back, or has changed a value. Undefined if none does. */
  lost: unknown;
  /** What the database of the transaction is recognised by. */
  readonly identity: object;
}

const open = new WeakMap<object, OpenTransaction>();

/** Starts to collect for the transaction on this driver's connection. */
export function beginCollecting(native: object, identity: object): OpenTransaction {
  const transaction: OpenTransaction = { wakeUps: new Set(), lost: undefined, identity };
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
