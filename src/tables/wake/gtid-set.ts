/**
 * The number of the last transaction that a GTID set, such as `@@global.gtid_executed`, holds of one server: 0 if none.
 * Transactions with a tag, which MySQL 8.3 and newer number apart, are left out.
 */
export function lastTransaction(gtidSet: string, serverUuid: string): bigint {
  const prefix = `${serverUuid.toLowerCase()}:`;
  const sets = gtidSet.split(",").map((set) => set.trim().toLowerCase());
  const intervals = sets.find((set) => set.startsWith(prefix))?.slice(prefix.length) ?? "";
  let last = 0n;
  for (const interval of intervals.split(":")) {
    const end = /^(?:\d+-)?(\d+)$/.exec(interval.trim())?.[1];
    // A tag, which no number begins: the intervals after it are the tag's.
    if (end === undefined) break;
    last = BigInt(end);
  }
  return last;
}
