import { z } from "zod";
import type { Observations, ObservedChange, OrganizationKey, Owned } from "#observe/aspect.ts";

/** Rises when another version could not read it; each version has a channel and a key of its own. */
export const tickVersion = 2;

/**
 * All that was observed in one tick, over all organizations: what the leader publishes and every replica serves.
 * Plain JSON.
 */
export type Tick = {
  version: typeof tickVersion;
  head: {
    /** Who observed it. */
    observer: string;
    /** Rises with each new leader; 0 when a replica observed for itself. */
    term: number;
    observedAt: string;
    intervalMs: number;
    organizations: readonly OrganizationKey[];
    /** Changes of state that this tick saw. */
    changes: readonly ObservedChange[];
  };
  /** By key of the aspect. */
  rows: Record<string, readonly Owned[]>;
  /** What an aspect carries beside its rows, by its key. */
  extra: Record<string, unknown>;
};

const outline = z.looseObject({
  version: z.literal(tickVersion),
  head: z.looseObject({
    observer: z.string(),
    term: z.number(),
    observedAt: z.iso.datetime(),
    intervalMs: z.number(),
    organizations: z.array(z.unknown()),
    changes: z.array(z.unknown()),
  }),
  rows: z.record(z.string(), z.custom<unknown[]>(Array.isArray)),
  extra: z.record(z.string(), z.unknown()),
});
// Written by a process of the same version of the format; checking every row of every tick would cost more than making
// it.
export const tickSchema = z.custom<Tick>((value) => outline.safeParse(value).success);

export const noRows: readonly Owned[] = [];

/** A tick as aspects read it. */
export const observationsOf = ({ rows, extra }: Pick<Tick, "rows" | "extra">): Observations => ({
  rowsOf: (key) => rows[key] ?? noRows,
  extraOf: (key) => extra[key],
});
