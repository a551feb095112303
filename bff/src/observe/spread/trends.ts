import { z } from "zod";
import type { Series } from "#observe/aspect.ts";

const steps = 60;

const kept = z.record(z.string(), z.object({ step: z.number(), values: z.array(z.number().nullable()) }));
export type KeptTrends = z.infer<typeof kept>;

/**
 * The last 60 steps of many figures: the last value of each step, or the largest. `stepMs` is 10 s by default, which
 * covers 10 minutes.
 */
export function createTrends({
  stepMs = 10_000,
  keeps = "last",
}: {
  stepMs?: number;
  keeps?: "last" | "largest";
} = {}) {
  let rings: KeptTrends = {};

  const forward = (ring: KeptTrends[string], step: number) => {
    const missed = Math.min(step - ring.step, steps);
    if (missed <= 0) return ring.values;
    return [...ring.values.slice(missed - steps), ...Array<null>(missed).fill(null)].slice(-steps);
  };

  return {
    add(key: string, atMs: number, value: number | null) {
      const step = Math.floor(atMs / stepMs);
      const ring = rings[key] ?? { step, values: Array<null>(steps).fill(null) };
      if (step < ring.step) return;
      if (step > ring.step) {
        ring.values = forward(ring, step);
        ring.step = step;
      }
      const known = ring.values[steps - 1] ?? null;
      const isSmaller = value === null || (known !== null && value < known);
      if (keeps === "last" || !isSmaller) ring.values[steps - 1] = value;
      rings[key] = ring;
    },
    read(key: string, atMs: number): Series {
      const ring = rings[key];
      const values = ring ? forward(ring, Math.floor(atMs / stepMs)) : Array<null>(steps).fill(null);
      return { intervalMs: stepMs, values: [...values] };
    },
    /** Removes figures without a value in the last 60 steps. */
    prune(atMs: number) {
      const oldest = Math.floor(atMs / stepMs) - steps;
      rings = Object.fromEntries(Object.entries(rings).filter(([, ring]) => ring.step > oldest));
    },
    keep: (): KeptTrends => rings,
    /** Takes over what another process stored, where no newer values are known. */
    restore(text: unknown) {
      const parsed = kept.safeParse(text);
      if (!parsed.success) return;
      for (const [key, ring] of Object.entries(parsed.data))
        if (ring.values.length === steps && !rings[key]) rings[key] = ring;
    },
  };
}
export type Trends = ReturnType<typeof createTrends>;

/** Adds up series of the same step, value by value; a value missing in all series stays null. */
export function sumOfSeries(all: readonly Series[], intervalMs: number): Series {
  const longest = Math.max(0, ...all.map(({ values }) => values.length));
  const values = Array.from({ length: longest }, (_, index) => {
    const heard = all.flatMap((each) => each.values[index] ?? []);
    return heard.length === 0 ? null : heard.reduce((sum, value) => sum + value, 0);
  });
  return { intervalMs: all[0]?.intervalMs ?? intervalMs, values };
}
