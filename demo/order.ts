import type { ReflexEvent } from "reflex-rsql";

export const OrderEvent = { Placed: 1 } as const;
export type OrderEventType = (typeof OrderEvent)[keyof typeof OrderEvent];

/** What an order's event carries besides the order's id. */
export interface OrderDetails {
  readonly customer: string;
  readonly cents: number;
}

const customers = ["Ada", "Bela", "Chandra", "Dmitri", "Esther", "Farid", "Grace", "Hugo"] as const;

export function randomDetails(): OrderDetails {
  const customer = customers[Math.floor(Math.random() * customers.length)] ?? customers[0];
  return { customer, cents: 100 + Math.floor(Math.random() * 9900) };
}

export function toMetadata(details: OrderDetails): string {
  return JSON.stringify(details);
}

export function orderDetails(event: ReflexEvent): OrderDetails {
  return JSON.parse(Buffer.from(event.metadata ?? []).toString()) as OrderDetails;
}
