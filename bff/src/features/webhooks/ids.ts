import { UUID, V7Generator } from "uuidv7";

const generator = new V7Generator();
const prefix = "msg_";

/** The milliseconds inside a UUIDv7 (RFC 9562 §5.7). */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16));
}

/** Null for a UUID of another version, which none of our rows has. */
export function timeOfDeliveryId(id: string): Date | null {
  return UUID.parse(id).getVersion() === 7 ? timeOfId(id) : null;
}

/** The milliseconds inside an event's id; null for any other text. */
export function timeOfEventId(text: string): Date | null {
  const [, hex] = /^msg_([0-9a-f]{12})7[0-9a-f]{19}$/.exec(text) ?? [];
  return hex === undefined ? null : new Date(Number.parseInt(hex, 16));
}

/**
 * Ids of an event and its deliveries, created together so that they share one millisecond: `createdAt`, which
 * identifies their partition.
 */
export function makeEventIds(nowMs: number, deliveries: number) {
  const event = generator.generateOrResetWithTs(nowMs);
  const createdAt = timeOfId(event.toString());
  return {
    eventId: `${prefix}${event.toHex()}`,
    createdAt,
    deliveryIds: Array.from({ length: deliveries }, () =>
      generator.generateOrResetWithTs(createdAt.getTime()).toString(),
    ),
  };
}
