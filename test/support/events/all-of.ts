import type { ReflexEvent } from "reflex-rsql";

/** The events of a stream that ends by itself. */
export async function allOf(stream: AsyncIterable<ReflexEvent>): Promise<ReflexEvent[]> {
  const events: ReflexEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
