import { entries } from "../../tools/entries.mjs";

const imports = entries.map(async ({ specifier }) => {
  const names = Object.keys((await import(specifier)) as object);
  return `import { ${names.join(", ")} } from "${specifier}";`;
});

/** What a block that is part of a program takes for given: all that the package exports, and the names that pages use. */
export const prelude: string = `
${(await Promise.all(imports)).join("\n")}
import type { Consumer, CursorStore, StreamFunc } from "reflex-rsql";
import type { TestServer } from "reflex-rsql/testing";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createPool, type Pool } from "mysql2/promise";
import { afterAll, beforeAll, test } from "vitest";
const OrderEvent = { Placed: 1, Paid: 2 } as const;
declare const pool: Pool;
declare const orders: EventsTable<1 | 2>;
declare const cursors: CursorsTable;
declare const errors: ErrorsTable;
declare const mailer: Consumer<1 | 2>;
declare const consumer: Consumer<1 | 2>;
declare const stream: StreamFunc<1 | 2>;
declare const signal: AbortSignal;
declare const sent: readonly string[];
declare const before: string;
declare const row: { id: string; order_id: string; micros: number; payload: string };
declare function placeOrder(pool: Pool): Promise<void>;
declare function sendMail(orderId: string, options: { signal: AbortSignal }): Promise<void>;
`.trim();
