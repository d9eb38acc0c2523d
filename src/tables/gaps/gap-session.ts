import type { IsolationLevel } from "../../database/database.ts";
import { LingeringSession } from "../../database/sessions/lingering-session.ts";
import type { TableContext } from "../events/table-context.ts";

// The shortest wait that both servers take. A longer one would hold up whoever waits for the connection.
const LOCK_WAIT = "set session innodb_lock_wait_timeout = 1";

/** A connection for what is done at gaps of a table: taken while there are gaps, with waits for locks of a second at most. */
export function gapSession({ database, config }: TableContext, isolation: IsolationLevel): LingeringSession {
  const { acquireTimeoutMs, statementTimeoutMs } = config;
  return new LingeringSession({ database, isolation, setUp: [LOCK_WAIT], acquireTimeoutMs, statementTimeoutMs });
}
