import { z } from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { healthState } from "../health/health.ts";
import { serviceFormats } from "../sources.ts";

/** A queue as a trial found it. */
const foundQueue = z.object({
  name: z.string(),
  prefix: z.string(),
  state: healthState,
  label: z.string(),
  waiting: z.number(),
  failed: z.number(),
  /** Null when the server does not say. */
  workers: z.number().nullable(),
});

/** How the address would be kept, apart from its name. */
const keptAs = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["redis", "postgres"]) }),
  z.object({
    kind: z.literal("service"),
    format: z.enum(serviceFormats),
    actuatorBreakers: z.boolean(),
  }),
  z.object({ kind: z.literal("prometheus") }),
]);

export const sourceTrial = z.object({
  /** The address without password and query. */
  shown: z.string(),
  kept: keptAs,
  /** Suggested name, and short name that is not used yet. */
  name: z.string(),
  slug: z.string(),
  state: healthState,
  /** What was found, such as `12 queues found, 2 without worker`. */
  found: z.string(),
  /** Program and version, such as `Redis 7.2.4`; null when it did not say. */
  product: z.string().nullable(),
  latencyMs: z.number().nullable(),
  /** What the other side refused or why it could not be reached, in its own words. */
  refusals: z.array(z.string()),
  /** What mends the refusals: a sentence, and a line to run if there is one. */
  remedy: z.object({ text: z.string(), line: z.string().nullable() }).nullable(),
  /** The first 50, worst first. */
  queues: z.array(foundQueue),
  queueCount: z.number(),
});
export type SourceTrial = z.infer<typeof sourceTrial>;

export const trySource = defineEndpoint({
  method: "POST",
  path: "/sources/trials",
  summary:
    "Connect to an address once, read, and say what it is; stores nothing. Redis and Postgres take the right to connect servers",
  access: "sources:manage",
  action: "sources.trial.run",
  keeps: ["target", "kind", "state"],
  body: z.strictObject({ address: z.string().min(1).max(2_000) }),
  response: sourceTrial,
});
