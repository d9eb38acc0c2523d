import type { Mysql2Pool } from "reflex-rsql";

/** A pool whose connections take every statement, for what is refused before one is sent; `sent` are those with values. */
export function answeringPool(): { readonly pool: Mysql2Pool; readonly sent: readonly string[] } {
  const sent: string[] = [];
  const connection = {
    connection: {},
    query: () => Promise.resolve([[], []]),
    execute: ({ sql }: { sql: string }) => {
      sent.push(sql);
      return Promise.resolve([[], []]);
    },
    beginTransaction: () => Promise.resolve(),
    destroy: () => undefined,
    release: () => undefined,
  };
  const pool = { pool: {}, getConnection: () => Promise.resolve(connection), execute: () => 1, end: () => 1 };
  return { pool, sent };
}
