import { createPool, type Pool } from "mysql2/promise";

/** A pool that tells how often it was used, and connects nowhere. */
export function unusedPool(): { readonly pool: Pool; readonly uses: () => number } {
  const pool = createPool({ host: "127.0.0.1", port: 1, user: "nobody" });
  let uses = 0;
  pool.getConnection = () => {
    uses += 1;
    return Promise.reject(new Error("the database was asked for a connection"));
  };
  return { pool, uses: () => uses };
}
