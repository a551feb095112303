import type { ServiceRow, SourceView } from "@wheelhouse/shared/health/health.ts";
import { aspectKey } from "#observe/aspect.ts";

/** A Redis or Postgres server. */
export type ObservedServer = SourceView & { organization: string };
/** A service, or a server that services depend on. */
export type ObservedService = ServiceRow & { organization: string };

export const serverRows = aspectKey<ObservedServer>("servers");
export const serviceRows = aspectKey<ObservedService>("health");

/** What a server reported in one sample, judged by its own thresholds. */
export type ServerReading = {
  /** Null when the server refused to answer. */
  roundTripMs: number | null;
  state: "ok" | "degraded" | "unknown";
  cause: string | null;
  /** What is worth knowing beside its state. */
  notice: string | null;
} & (
  | { kind: "redis"; figures: NonNullable<SourceView["redis"]> }
  | { kind: "postgres"; figures: NonNullable<SourceView["postgres"]> }
);

/** `organization`: slug of the owner. `sample` rejects when the server is not reachable. */
export type SampledServer = {
  id: string;
  name: string;
  kind: SourceView["kind"];
  organization: string;
  /** How long a sample may take before the server counts as not responding; 2 s if absent. */
  timeoutMs?: number;
  sample(): Promise<ServerReading>;
};

export const nodeOfServer = (id: string) => `server:${id}`;
export const nodeOfService = (id: string) => `service:${id}`;
export const servicePath = (id: string) => `services?service=${encodeURIComponent(id)}`;
/** Badge label of a problem. */
export const words = { down: "Down", degraded: "Degraded", unknown: "Unknown", stale: "Stale" };
