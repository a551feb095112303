import { z } from "zod";

export const reasonCharsMin = 3;
export const reasonCharsMax = 500;

const characters = /^(?:[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|[\n\r\t])*$/u;

/**
 * The reason for an action, as the audit trail keeps it: trimmed, 3 to 500 characters. Line breaks are
 * allowed; other control characters and bidirectional overrides are not, because they could disguise what an
 * entry says.
 */
export const reasonText = z
  .string()
  .trim()
  .min(reasonCharsMin)
  .max(reasonCharsMax)
  .regex(characters, "must not contain control characters");

/** True if an endpoint that requires a reason accepts this one; for forms, which do not load schemas. */
export function isReason(text: string): boolean {
  const { length } = text.trim();
  return length >= reasonCharsMin && length <= reasonCharsMax && characters.test(text.trim());
}

/** True if an endpoint with an optional reason accepts this one; empty is allowed. */
export const isReasonOrEmpty = (text: string): boolean => text.trim() === "" || isReason(text);
