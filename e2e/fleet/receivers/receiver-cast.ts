import { z } from "zod";

const behaviours = ["steady", "slow", "flaky", "failing", "gone"] as const;
export const behaviour = z.enum(behaviours);
export type Behaviour = (typeof behaviours)[number];

/**
 * The demo's receivers: the name of each in the console, its behaviour until the switch changes it, and its event
 * types. `root` is its organization: 0 for the first root, 1 for the second. The gone one subscribes to rare events
 * only, because its first answer disables it.
 */
export const receiverCast = [
  {
    slug: "steady",
    name: "Ledger (steady)",
    behaviour: "steady",
    root: 0,
    eventTypes: ["invoice.*", "order.*"],
  },
  { slug: "slow", name: "Warehouse (slow)", behaviour: "slow", root: 0, eventTypes: ["shipment.*"] },
  {
    slug: "flaky",
    name: "Team chat (flaky)",
    behaviour: "flaky",
    root: 0,
    eventTypes: ["push*", "pull_request*", "issue*", "release*", "workflow_run*", "star*", "deployment*"],
  },
  { slug: "failing", name: "CRM (failing)", behaviour: "failing", root: 0, eventTypes: ["customer.*"] },
  { slug: "gone", name: "Old partner (gone)", behaviour: "gone", root: 0, eventTypes: ["catalog.*"] },
  { slug: "survey", name: "Survey mailer", behaviour: "steady", root: 1, eventTypes: ["ticket.*"] },
] as const satisfies readonly {
  slug: string;
  name: string;
  behaviour: Behaviour;
  root: 0 | 1;
  eventTypes: readonly string[];
}[];

/** Sources of events, by their organization. */
export const sourceCast = [
  { slug: "github", name: "GitHub", scheme: "github", root: 0 },
  { slug: "payments", name: "Payments", scheme: "standard", root: 0 },
  { slug: "helpdesk", name: "Help desk", scheme: "standard", root: 1 },
] as const;
