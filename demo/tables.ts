import {
  CursorsTable,
  type CursorsTableOptions,
  createTables,
  type DatabaseHandle,
  EventsTable,
  type EventsTableOptions,
  toDatabase,
} from "reflex-rsql";
import { OrderEvent, type OrderEventType } from "./order.ts";

export const consumerNames = ["read-model", "mailer", "audit"] as const;
export type ConsumerName = (typeof consumerNames)[number];

/** The names of the demo's tables. They share a random prefix, so that they can be no one else's. */
export class DemoTables {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get orders(): string {
    return `${this.prefix}_orders`;
  }

  get events(): string {
    return `${this.prefix}_events`;
  }

  get cursors(): string {
    return `${this.prefix}_cursors`;
  }

  /** The read-model's totals per customer. */
  get totals(): string {
    return `${this.prefix}_totals`;
  }

  /** What a consumer did, in the order in which it did it. */
  effects(consumer: ConsumerName): string {
    return `${this.prefix}_${consumer.replace("-", "_")}_effects`;
  }

  get all(): readonly string[] {
    return [this.orders, this.events, this.cursors, this.totals, ...consumerNames.map((name) => this.effects(name))];
  }

  eventsTable(options: EventsTableOptions<OrderEventType> = {}): EventsTable<OrderEventType> {
    return new EventsTable(this.events, { types: OrderEvent, metadataField: "metadata", ...options });
  }

  cursorsTable(options: CursorsTableOptions = {}): CursorsTable {
    // Nothing is asked of the demo's consumers.
    return new CursorsTable(this.cursors, { changesTable: false, ...options });
  }
}

export async function createDemoTables(handle: DatabaseHandle, tables: DemoTables): Promise<void> {
  await createTables(handle, [tables.eventsTable(), tables.cursorsTable()]);
  const database = toDatabase(handle);
  for (const statement of ownTables(tables, database.dialect.name)) await database.run(statement, []);
}

export async function dropDemoTables(handle: DatabaseHandle, tables: DemoTables): Promise<void> {
  for (const table of tables.all) await toDatabase(handle).run(`drop table if exists ${table}`, []);
}

function ownTables(tables: DemoTables, dialect: "mysql" | "sqlite"): string[] {
  const mysql = dialect === "mysql";
  const suffix = mysql ? " engine=InnoDB default charset=utf8mb4" : "";
  const sequence = mysql ? "bigint not null auto_increment primary key" : "integer primary key autoincrement";
  const text = mysql ? "varchar(64)" : "text";
  const integer = mysql ? "bigint" : "integer";
  const create = (table: string, columns: string): string => `create table ${table} (${columns})${suffix}`;
  return [
    create(tables.orders, `id ${text} not null primary key, customer ${text} not null, cents ${integer} not null`),
    create(
      tables.totals,
      `customer ${text} not null primary key, orders ${integer} not null, cents ${integer} not null`,
    ),
    ...consumerNames.map((name) =>
      create(tables.effects(name), `seq ${sequence}, event_id ${integer} not null unique, order_id ${text} not null`),
    ),
  ];
}
