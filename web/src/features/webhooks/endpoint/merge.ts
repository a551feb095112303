import { differs, type EndpointValues, type Field, fields } from "./values.ts";

/** Who changed a field since the version that both began with. */
export type ChangedBy = "both" | "theirs" | "mine";
export type Side = "theirs" | "mine";

/**
 * Secret values are not shown, so whether they replaced one that I replace or remove cannot be known. Each such edit is
 * asked about.
 */
const mayHideTheirs = (theirs: EndpointValues, mine: EndpointValues): boolean =>
  theirs.headers.some(
    ({ name, value }) =>
      value === null && !mine.headers.some((header) => header.name === name && header.value === null),
  );

/** The fields that somebody changed, in the order of the form. What both changed to the same value is theirs. */
export const changesOf = (
  base: EndpointValues,
  theirs: EndpointValues,
  mine: EndpointValues,
): { field: Field; by: ChangedBy }[] =>
  fields.flatMap((field): { field: Field; by: ChangedBy }[] => {
    const isMine = differs(base, mine, field);
    const isTheirs = differs(base, theirs, field);
    if (!isMine) return isTheirs ? [{ field, by: "theirs" }] : [];
    if (field === "headers" && mayHideTheirs(theirs, mine)) return [{ field, by: "both" }];
    if (!isTheirs) return [{ field, by: "mine" }];
    return [{ field, by: differs(theirs, mine, field) ? "both" : "theirs" }];
  });

const take = <F extends Field>(to: EndpointValues, field: F, from: EndpointValues): void => {
  to[field] = from[field];
};

/**
 * Their version with my changes. A field that both changed is mine only if `choices` says so; undefined while one
 * has no choice yet.
 */
export const merged = (
  base: EndpointValues,
  theirs: EndpointValues,
  mine: EndpointValues,
  choices: ReadonlyMap<Field, Side>,
): EndpointValues | undefined => {
  const result = structuredClone(theirs);
  for (const { field, by } of changesOf(base, theirs, mine)) {
    const side = by === "both" ? choices.get(field) : by;
    if (side === undefined) return undefined;
    if (side === "mine") take(result, field, mine);
  }
  return result;
};
