import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedBreaker = BreakerRow & { organization: string };

export const breakerRows = aspectKey<ObservedBreaker>("breakers");
