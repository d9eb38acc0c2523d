import type { Kind } from "./wrong-values.ts";

type Kinds = Readonly<Record<string, Kind>>;

export const call: Kinds = { signal: "special", timeoutMs: "duration" };
export const transactions: Kinds = {
  ...call,
  isolation: "special",
  readOnly: "boolean",
  acquireTimeoutMs: "duration",
};
export const limits: Kinds = { acquireTimeoutMs: "duration", statementTimeoutMs: "duration" };
export const told: Kinds = { observer: "object", logger: "special" };

export const eventsTable: Kinds = {
  ...limits,
  ...told,
  idField: "identifier",
  timeField: "identifier",
  typeField: "identifier",
  foreignIdField: "identifier",
  metadataField: "identifier",
  traceField: "identifier",
  trace: "function",
  types: "special",
  onUnknownType: "special",
  includeNoops: "boolean",
  backoffMs: "finiteDuration",
  notifier: "special",
  wake: "object",
  foreignIdColumn: "special",
  loader: "function",
  inserter: "function",
  gaps: "object",
  cache: "boolean",
  limit: "count",
  timeColumn: "special",
  storedZone: "special",
};
export const gaps: Kinds = {
  primary: "function",
  probe: "special",
  graceMs: "finiteDuration",
  noopValues: "object",
  maxIds: "count",
};
export const anyStream: Kinds = {
  ...told,
  lagMs: "finiteDuration",
  fromHead: "boolean",
  toHead: "boolean",
  position: "anyText",
  signal: "special",
};
export const stream: Kinds = {
  ...anyStream,
  gaps: "object",
  onPruned: "special",
  firstId: "special",
};
export const cursorsTable: Kinds = {
  ...limits,
  ...told,
  idField: "identifier",
  cursorField: "identifier",
  timeField: "identifier",
  asyncPeriodMs: "finiteDuration",
  cursorType: "special",
  changesTable: "identifier",
  onSetCursor: "function",
  sleep: "function",
};
export const errorsSchema: Kinds = {
  tableName: "tableName",
  idField: "identifier",
  eventIdField: "identifier",
  consumerField: "identifier",
  messageField: "identifier",
  createdAtField: "identifier",
  updatedAtField: "identifier",
  statusField: "identifier",
  attemptsField: "identifier",
  eventsTimeColumn: "special",
  recordOnly: "boolean",
};
export const request: Kinds = { ...call, by: "text", reason: "anyText", waitMs: "finiteDuration" };
export const forcedRequest: Kinds = { ...request, force: "boolean" };
export const running: Kinds = {
  ...told,
  signal: "special",
  shutdownMs: "duration",
  flushMs: "duration",
  handlingTimeoutMs: "duration",
};
export const backoff: Kinds = { minBackoffMs: "finiteDuration", maxBackoffMs: "finiteDuration" };
export const runningForever: Kinds = { ...running, ...backoff, onPositionFault: "special" };
export const retry: Kinds = { consumer: "special", events: "special", signal: "special" };
