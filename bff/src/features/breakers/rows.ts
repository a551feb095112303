import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedBreaker = BreakerRow & { organization: string };

export const breakerRows = aspectKey<ObservedBreaker>("breakers");

/** What Wheelhouse calls by itself at an interval. */
const purposes = ["health-checks", "scrapes"];

/** Whether a row is the breaker of Wheelhouse's own checks or scrapes: what they find is told where they are shown. */
export const isOfChecks = ({ library, service }: Pick<ObservedBreaker, "library" | "service">): boolean =>
  library === "Wheelhouse" && purposes.includes(service);
