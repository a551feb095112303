import { type IntakeTarget, jsonScalar } from "../directory/directory.ts";
import { redactText, storable } from "../redaction.ts";

const valueChars = 200;

/**
 * `path=value` for each field by which a source's events are searched. They are stored in clear text, so a value that
 * is hidden wherever it is shown is left out.
 */
export function searchValuesOf(
  { searchFields, redaction }: Pick<IntakeTarget, "searchFields" | "redaction">,
  body: Buffer,
): string[] {
  return searchFields.flatMap((field) => {
    const value = jsonScalar(body, field.split("."));
    if (value === undefined || value === "" || value.length > valueChars) return [];
    return redactText(value, redaction) === value ? [`${field}=${storable(value)}`] : [];
  });
}
