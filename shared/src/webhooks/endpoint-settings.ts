import { z } from "zod";

const dayMs = 24 * 3_600_000;

const fieldPath = z
  .string()
  .trim()
  .max(200)
  .regex(/^[\w$-]+(\.[\w$-]+){0,9}$/, "must be a path of up to 10 names, such as data.warehouse");

/** An event is delivered only if the text, number or boolean at the path is one of the values. */
export const bodyCondition = z.strictObject({
  path: fieldPath,
  values: z.array(z.string().trim().max(200)).min(1).max(50),
});
export type BodyCondition = z.output<typeof bodyCondition>;

/** How deliveries to one endpoint are made. Null: as the installation is configured. Durations in milliseconds. */
const fields = {
  description: z.string().trim().max(500),
  labels: z
    .array(
      z
        .string()
        .trim()
        .regex(/^[\w.:/=-]{1,50}$/, "must be 1 to 50 letters, digits or . : / = _ -"),
    )
    .max(20),
  bodyFilter: z.array(bodyCondition).max(10).describe("All conditions must hold"),
  timeoutMs: z.number().int().min(500).max(60_000).nullable(),
  retryScheduleMs: z
    .array(
      z
        .number()
        .int()
        .min(100)
        .max(7 * dayMs),
    )
    .max(20)
    .nullable()
    .describe("Delays before the second, third … attempt"),
  ratePerSecond: z.number().int().min(1).max(10_000).nullable().describe("Of all workers together"),
  concurrency: z.number().int().min(1).max(200).nullable().describe("Attempts at a time, of each worker"),
  breaker: z
    .strictObject({
      failures: z.number().int().min(1).max(100),
      coolDownMs: z.number().int().min(100).max(3_600_000),
    })
    .nullable(),
  disableAfterMs: z
    .number()
    .int()
    .min(60_000)
    .max(30 * dayMs)
    .nullable()
    .describe("Disabled after failing for this long without a success; null: never"),
  orderBy: fieldPath
    .nullable()
    .describe(
      "Deliveries of events with the same value at this path are made one after the other; null: in no order",
    ),
};

export const endpointSettings = z.object({
  description: fields.description.default(""),
  labels: fields.labels.default([]),
  bodyFilter: fields.bodyFilter.default([]),
  timeoutMs: fields.timeoutMs.default(null),
  retryScheduleMs: fields.retryScheduleMs.default(null),
  ratePerSecond: fields.ratePerSecond.default(null),
  concurrency: fields.concurrency.default(null),
  breaker: fields.breaker.default(null),
  disableAfterMs: fields.disableAfterMs.default(5 * dayMs),
  orderBy: fields.orderBy.default(null),
});
export type EndpointSettings = z.output<typeof endpointSettings>;

/** What a change names; the rest stays. */
export const endpointSettingsChange = z.strictObject(fields).partial();

const reservedHeader =
  /^(host|connection|keep-alive|upgrade|te|trailer|transfer-encoding|expect|content-length|content-type|user-agent|webhook-.*|svix-.*|wheelhouse-.*)$/;

/** A header that each delivery carries. In a change, null keeps the value that is stored under this name. */
export const endpointHeader = z.strictObject({
  name: z
    .string()
    .trim()
    .toLowerCase()
    .max(100)
    .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "must be a name of a header")
    .refine((name) => !reservedHeader.test(name), "is set by Wheelhouse"),
  value: z
    .string()
    .trim()
    .max(2_000)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
    .nullable(),
});
export type EndpointHeader = z.output<typeof endpointHeader>;
export const endpointHeaders = z.array(endpointHeader).max(20);
