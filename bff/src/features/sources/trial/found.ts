import type { SourceTrial } from "@wheelhouse/shared/sources/trial.ts";

/** What an examination says of an address, before names are suggested. */
export type Found = Omit<SourceTrial, "shown" | "name" | "slug">;

/** A queue as the queues feature reads it. */
export type ReadQueue = {
  name: string;
  prefix: string;
  state: Found["state"];
  label: string;
  counts: { waiting: number; prioritized: number; failed: number };
  workers: number | null;
};

/** The reason of a failure, in the words of the side that gave it. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (inner instanceof Error ? inner.message || inner.name : String(inner)).slice(0, 500);
}

/** An address that could not be examined. */
export const unreached = (kept: Found["kept"], error: unknown, remedy: Found["remedy"]): Found => ({
  kept,
  state: "down",
  found: "not reached",
  product: null,
  latencyMs: null,
  refusals: [wordsOf(error)],
  remedy,
  queues: [],
  queueCount: 0,
});

/** A literal address that the filter refuses is not connected to. */
export const refusedServer = (kept: Found["kept"], refusal: string): Found =>
  unreached(kept, new Error(`Not connected: it is a ${refusal}`), {
    text: "Link-local and metadata addresses are never watched. Give the address of the server itself.",
    line: null,
  });

export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
