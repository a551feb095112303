import { z } from "zod";

export const reasonCharsMin = 3;
export const reasonCharsMax = 500;

/**
 * Why an act is done, as it is kept in the audit trail: trimmed, 3 to 500 characters. Lines may be broken; other
 * control characters and those that turn the direction of writing would make a trail read otherwise than it is.
 */
export const reasonText = z
  .string()
  .trim()
  .min(reasonCharsMin)
  .max(reasonCharsMax)
  .regex(/^(?:[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|[\n\r\t])*$/u, "must not hold control characters");

/** Whether an endpoint that demands a reason takes this one. */
export const isReason = (text: string): boolean => reasonText.safeParse(text).success;

/** Whether an endpoint that takes a reason takes this one, or none at all. */
export const isReasonOrEmpty = (text: string): boolean => text.trim() === "" || isReason(text);
