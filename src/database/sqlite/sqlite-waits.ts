// What a SQLite handle waits for, and the remedies, as the messages of limits say it.
export const QUEUE = "the transactions before this one on the SQLite handle";
export const WRITE_LOCK = "the write lock of the SQLite database, which another connection or process holds";
export const READ_LOCK = "a read lock on the SQLite database, while another connection or process commits";
export const OPEN_TRANSACTION = "the end of a transaction that was begun by hand on the SQLite handle";
export const COMMIT =
  "other connections to end their reads of the SQLite database, so that the transaction could commit";
export const KEEP_SHORT = "keep transactions short, or raise acquireTimeoutMs";
export const ROLLED_BACK =
  "it was rolled back; try it again, or set journal_mode to wal, where readers hold up no commit";
