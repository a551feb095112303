import { z } from "zod";
import { defineEndpoint } from "../endpoint.ts";

/** Mounted at the root of the console, where exporters of OpenTelemetry append `/v1/metrics` to their endpoint. */
export const pushMetrics = defineEndpoint({
  method: "POST",
  path: "/otlp/v1/metrics",
  summary:
    "Takes metrics of breakers and caches over OTLP/HTTP, as JSON or protobuf, for the token's organization",
  access: "reports:write",
  audited: false,
  /** `ExportMetricsServiceResponse` of OTLP. */
  response: z.object({
    partialSuccess: z
      .object({
        /** A 64-bit integer, which JSON carries as text. */
        rejectedDataPoints: z.string(),
        errorMessage: z.string(),
      })
      .optional(),
  }),
});
