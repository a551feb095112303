import { z } from "zod";
import type { Observations, ObservedChange, OrganizationKey, Owned } from "#observe/aspect.ts";

/** Increase it when other versions could no longer read a tick; each version has its own channel and key. */
export const tickVersion = 2;

/**
 * Everything observed in one tick, over all organizations: published by the leader and served by every replica. Plain
 * JSON.
 */
export type Tick = {
  version: typeof tickVersion;
  head: {
    /** The process that observed it. */
    observer: string;
    /** Increases with each new leader; 0 if a replica observed for itself. */
    term: number;
    observedAt: string;
    intervalMs: number;
    organizations: readonly OrganizationKey[];
    /** Changes of state seen in this tick. */
    changes: readonly ObservedChange[];
  };
  /** By key of the aspect. */
  rows: Record<string, readonly Owned[]>;
  /** What an aspect carries besides its rows, by its key. */
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
// Only a process with the same format version writes ticks; checking every row of every tick would cost more than
// creating it.
export const tickSchema = z.custom<Tick>((value) => outline.safeParse(value).success);

export const noRows: readonly Owned[] = [];

/** A tick as aspects read it. */
export const observationsOf = ({ rows, extra }: Pick<Tick, "rows" | "extra">): Observations => ({
  rowsOf: (key) => rows[key] ?? noRows,
  extraOf: (key) => extra[key],
});
