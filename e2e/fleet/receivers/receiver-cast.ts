import { z } from "zod";

const behaviours = ["steady", "slow", "flaky", "failing", "gone"] as const;
export const behaviour = z.enum(behaviours);
export type Behaviour = (typeof behaviours)[number];

/**
 * Receivers of the demo: what each is called in the console, how it behaves until it is told otherwise, and
 * which events it subscribes to. `root` is the organization it belongs to: 0 the first root, 1 the second.
 * The gone one hears of rare events only, since its first answer disables it.
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

/** Sources of events, by the organization they belong to. */
export const sourceCast = [
  { slug: "github", name: "GitHub", scheme: "github", root: 0 },
  { slug: "payments", name: "Payments", scheme: "standard", root: 0 },
  { slug: "helpdesk", name: "Help desk", scheme: "standard", root: 1 },
] as const;
