import { z } from "zod";
import { defineEndpoint, slug, timestamp } from "../endpoint.ts";

const window = { count: z.number().int(), resetsAt: timestamp };
const addressWindow = z.object({ address: z.string(), ...window });

/** Rate limits and what is counted against them now. */
export const limitsView = z.object({
  /** False while Redis cannot be asked: acts are then not bounded, and Postgres counts failed sign-ins. */
  available: z.boolean(),
  acts: z.object({
    limit: z.number().int(),
    windowSeconds: z.number().int(),
    /** Of the organization and those below; the 50 highest of all for who may see people in the platform. */
    items: z.array(z.object({ organization: z.object({ id: z.uuid(), slug, name: z.string() }), ...window })),
  }),
  /** Addresses are the business of who may see people in the platform; null otherwise. */
  failures: z
    .object({
      limit: z.number().int(),
      windowSeconds: z.number().int(),
      /** The 20 highest each. */
      signIns: z.array(addressWindow),
      intake: z.array(addressWindow),
      /** Accounts with failed sign-ins in this quarter of an hour, at most 200. */
      accounts: z.number().int(),
    })
    .nullable(),
});
export type LimitsView = z.infer<typeof limitsView>;

export const readLimits = defineEndpoint({
  method: "GET",
  path: "/limits",
  summary: "Rate limits and what is counted against them now",
  access: "overview:read",
  response: limitsView,
});
