/** What an insert returns: call it after the commit to wake this process's streams. Calling it again does nothing. */
export interface Notify {
  (): void;
  /** The id of the inserted event, the first of several; undefined if the driver does not tell. */
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
