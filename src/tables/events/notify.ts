/**
 * What an insert resolves with. Call it after your commit to wake this process's streams. Calling it again does
 * nothing.
 * @example
 * const connection = await pool.getConnection();
 * await connection.beginTransaction();
 * const notify = await orders.insert(connection, "o-17", OrderEvent.Placed);
 * await connection.commit();
 * notify();
 */
export interface Notify {
  (): void;
  /** The id of the inserted event, of several that of the first. Undefined if the driver does not tell. */
  readonly eventId: string | undefined;
}

/** A {@link Notify} that calls `wake` once. */
export function notifyOnce(wake: () => void, eventId: string | undefined): Notify {
  let done = false;
  const notify = (): void => {
    if (done) return;
    done = true;
    wake();
  };
  return Object.assign(notify, { eventId });
}
