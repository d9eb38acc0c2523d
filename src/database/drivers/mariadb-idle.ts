/** What the mariadb driver knows of a session. */
export interface SessionInfo {
  /**
   * The status that the server gave at the end of its last answer. After an error, which has none, the driver takes the session
   * to be in a transaction.
   */
  readonly status?: unknown;
}

/** A handle of the mariadb driver, as far as it shows its session. */
export interface InformedHandle {
  readonly info?: SessionInfo | null;
}

/** A connection of the mariadb driver, under its handle. Its queues are not documented. */
export interface AnsweredConnection {
  /** The commands that the server has not answered. */
  readonly receiveQueue?: { readonly length?: unknown };
  /** The commands that are not sent yet. */
  readonly sendQueue?: { readonly length?: unknown };
}

const SERVER_STATUS_IN_TRANS = 0x0001;
const SERVER_STATUS_IN_TRANS_READONLY = 0x2000;

/**
 * Whether it is certain that the session is in no transaction: the server has said so at the end of its last answer, to whomever,
 * and nothing was sent since.
 */
export function isIdle({ info }: InformedHandle, connection: AnsweredConnection | undefined): boolean {
  const { receiveQueue, sendQueue } = connection ?? {};
  if (receiveQueue?.length !== 0 || sendQueue?.length !== 0) return false;
  const status = info?.status;
  return typeof status === "number" && (status & SERVER_STATUS_IN_TRANS) === 0;
}

/** Whether the transaction that was begun last refuses writes. */
export function isReadOnly({ info }: InformedHandle): boolean {
  const status = info?.status;
  return typeof status === "number" && (status & SERVER_STATUS_IN_TRANS_READONLY) !== 0;
}
