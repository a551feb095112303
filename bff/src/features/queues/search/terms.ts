import { errorTermOf, normalise } from "./causes.ts";
import { plainPathOf, termOf } from "./fields.ts";

/** A condition on a field: it has one of these values. An empty path stands for any field. */
export type FieldCondition = { path: string; values: readonly string[] };

/** `user.id:42,43`, with or without the `data.` before it. */
export function conditionOf(given: string): FieldCondition {
  const colon = given.indexOf(":");
  const values = given
    .slice(colon + 1)
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  return { path: plainPathOf(given.slice(0, colon).trim()), values };
}

/** At most this many conditions may have alternatives. */
export const mostAlternatives = 3;

export type SearchTerms = {
  probe: string[];
  required: string[];
  either: string[][];
  /** What the message of a cause holds; null when any does. */
  message: string | null;
};

/** What the index looks up for conditions on fields and the text of an error. */
export function searchTermsOf(
  key: string,
  organizationIds: readonly string[],
  { conditions, error }: { conditions: readonly FieldCondition[]; error: string | undefined },
): SearchTerms {
  const required: string[] = [];
  const either: string[][] = [];
  const inData: string[] = [];
  for (const { path, values } of conditions) {
    const terms = organizationIds.flatMap((id) => values.map((value) => termOf(key, id, path, value)));
    const [only] = terms;
    if (terms.length === 1 && only !== undefined) {
      required.push(only);
      inData.push(only);
    } else either.push(terms);
  }
  const normal = error === undefined ? null : normalise(error);
  const inError: string[] = [];
  for (const word of normal?.words ?? []) {
    const terms = organizationIds.map((id) => errorTermOf(key, id, word));
    const [only] = terms;
    if (terms.length === 1 && only !== undefined) {
      required.push(only);
      inError.push(only);
    } else either.push(terms);
  }
  const probe = inData.length > 0 ? inData : either.length === 0 ? inError : [];
  const message = normal === null || /^[#\s]*$/.test(normal.message) ? null : normal.message;
  return { probe, required, either, message };
}
