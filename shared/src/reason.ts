import { z } from "zod";

export const reasonCharsMin = 3;
export const reasonCharsMax = 500;

const characters = /^(?:[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|[\n\r\t])*$/u;

/**
 * Why an act is done, as it is kept in the audit trail: trimmed, 3 to 500 characters. Lines may be broken; other
 * control characters and those that turn the direction of writing would make a trail read otherwise than it is.
 */
export const reasonText = z
  .string()
  .trim()
  .min(reasonCharsMin)
  .max(reasonCharsMax)
  .regex(characters, "must not hold control characters");

/** Whether an endpoint that demands a reason takes this one; for forms, which have no schemas. */
export function isReason(text: string): boolean {
  const { length } = text.trim();
  return length >= reasonCharsMin && length <= reasonCharsMax && characters.test(text.trim());
}

/** Whether an endpoint that takes a reason takes this one, or none at all. */
export const isReasonOrEmpty = (text: string): boolean => text.trim() === "" || isReason(text);
