import type { Mysql2Pool } from "reflex-rsql";

type Settle = (error: null, result: unknown) => void;

/** A pool whose connections take every statement, for what is refused before one is sent; `sent` are those with values. */
export function answeringPool(): { readonly pool: Mysql2Pool; readonly sent: readonly string[] } {
  const sent: string[] = [];
  // As in mysql2, the promise side of a connection lies over one with callbacks.
  const core = {
    query: (_text: unknown, settle: Settle) => {
      settle(null, []);
      return { on: () => undefined };
    },
    execute: (sql: string, _values: unknown, settle: Settle) => {
      sent.push(sql);
      settle(null, { affectedRows: 0, insertId: 0 });
    },
  };
  const connection = {
    connection: core,
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
