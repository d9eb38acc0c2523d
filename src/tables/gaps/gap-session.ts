import type { IsolationLevel } from "../../database/database.ts";
import { LingeringSession } from "../../database/sessions/lingering-session.ts";
import type { TableContext } from "../events/table-context.ts";

// The shortest wait for a lock that both MySQL and MariaDB take, in seconds. A longer one would hold up whoever waits
// for the connection.
const LOCK_WAIT = "set session innodb_lock_wait_timeout = 1";

/**
 * A connection for the work on a table's gaps. It is taken only while there are gaps, and waits a second at most for a
 * lock.
 */
export function gapSession({ database, config }: TableContext, isolation: IsolationLevel): LingeringSession {
  const { acquireTimeoutMs, statementTimeoutMs } = config;
  return new LingeringSession({ database, isolation, setUp: [LOCK_WAIT], acquireTimeoutMs, statementTimeoutMs });
}
