import { tokenCapabilities } from "@wheelhouse/shared/access/rights.ts";
import type { Capability } from "@wheelhouse/shared/capabilities.ts";

/** What a token is for, as a set of rights. */
export type Preset = "read" | "operate" | "deliver" | "report";

const of = (wanted: (capability: Capability) => boolean): readonly Capability[] =>
  tokenCapabilities.filter(wanted);
const isRead = (capability: Capability) =>
  capability.endsWith(":read") && capability !== "access:read" && capability !== "sources:read";

export const presets: readonly {
  id: Preset;
  label: string;
  text: string;
  capabilities: readonly Capability[];
}[] = [
  {
    id: "read",
    label: "Read",
    text: "View every page except Access and Sources. For dashboards and scripts that only look.",
    capabilities: of(isRead),
  },
  {
    id: "operate",
    label: "Operate",
    text: "Read, and act on services, breakers and caches. For runbooks and bots.",
    capabilities: of((capability) => isRead(capability) || capability.endsWith(":act")),
  },
  {
    id: "deliver",
    label: "Deliver",
    text: "Read webhooks, replay deliveries, and set up sources and endpoints.",
    capabilities: of((capability) => capability.startsWith("webhooks:") && capability !== "webhooks:resend"),
  },
  {
    id: "report",
    label: "Report",
    text: "Write only: deployments of a pipeline, and events of your platform for the audit trail.",
    capabilities: of((capability) => capability.endsWith(":write")),
  },
];

/** The presets that these rights fill, largest first, and the rights that are left. */
export const toldBy = (
  capabilities: readonly Capability[],
): { whole: readonly Preset[]; rest: readonly Capability[] } => {
  const held = new Set(capabilities);
  const whole = presets
    .filter((preset) => preset.capabilities.length > 0)
    .filter((preset) => preset.capabilities.every((one) => held.has(one)));
  const covered = new Set(whole.flatMap((preset) => preset.capabilities));
  const widest = whole.filter(
    (one) =>
      !whole.some(
        (other) =>
          other !== one &&
          other.capabilities.length > one.capabilities.length &&
          one.capabilities.every((capability) => other.capabilities.includes(capability)),
      ),
  );
  return { whole: widest.map(({ id }) => id), rest: capabilities.filter((one) => !covered.has(one)) };
};
