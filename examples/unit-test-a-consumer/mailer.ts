import { type Consumer, createConsumer } from "reflex-rsql";

export const OrderEvent = { Placed: 1, Paid: 2 } as const;
export type OrderEventType = (typeof OrderEvent)[keyof typeof OrderEvent];

/** What the mailer needs of the world, so that a test can give it another one. */
export type SendMail = (mail: { readonly orderId: string; readonly key: string }) => Promise<void>;

/** Sends a mail for each order that was placed. The event's id as key lets the mail server drop a repetition. */
export function createMailer(sendMail: SendMail): Consumer<OrderEventType> {
  return createConsumer<OrderEventType>(
    "order-mailer",
    async ({ id, foreignId }) => {
      await sendMail({ orderId: foreignId, key: `order-mailer-${id}` });
    },
    { types: [OrderEvent.Placed] },
  );
}
