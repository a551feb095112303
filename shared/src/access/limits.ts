import { z } from "zod";
import { defineEndpoint, slug, timestamp } from "../endpoint.ts";

const window = { count: z.number().int(), resetsAt: timestamp };
const addressWindow = z.object({ address: z.string(), ...window });

/** Rate limits and their current usage. */
export const limitsView = z.object({
  /**
   * False while Redis is unavailable: changes and exports are then not limited, and Postgres counts failed
   * sign-ins.
   */
  available: z.boolean(),
  acts: z.object({
    limit: z.number().int(),
    windowSeconds: z.number().int(),
    /**
     * The organization and its sub-organizations; for readers of the platform's members, the 50 highest
     * overall.
     */
    items: z.array(z.object({ organization: z.object({ id: z.uuid(), slug, name: z.string() }), ...window })),
  }),
  /**
   * Failed sign-ins with accounts of this organization in their current 15-minute windows; null for viewers.
   * Neither the accounts nor the addresses are named.
   */
  members: z
    .object({
      count: z.number().int(),
      accounts: z.number().int(),
      windowSeconds: z.number().int(),
    })
    .nullable(),
  /** Client addresses are visible only to readers of the platform's members; null for everyone else. */
  failures: z
    .object({
      limit: z.number().int(),
      windowSeconds: z.number().int(),
      /** The 20 highest per kind. */
      signIns: z.array(addressWindow),
      intake: z.array(addressWindow),
      /** Accounts with failed sign-ins in the current 15-minute window, at most 200. */
      accounts: z.number().int(),
    })
    .nullable(),
});
export type LimitsView = z.infer<typeof limitsView>;

export const readLimits = defineEndpoint({
  method: "GET",
  path: "/limits",
  summary: "Get rate limits and their current usage",
  access: "overview:read",
  response: limitsView,
});
