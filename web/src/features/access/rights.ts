import {
  type Capability,
  capabilitiesOf,
  inheritedRoles,
  type Role,
  roles,
} from "@wheelhouse/shared/capabilities.ts";
import { usableCapabilities } from "@wheelhouse/shared/rights.ts";

type RightsRow = { label: string; holds: readonly Role[] };

const named: readonly { label: string; all: readonly Capability[] }[] = [
  {
    label: "See every page but this one",
    all: usableCapabilities.filter(
      (one) => one.endsWith(":read") && one !== "access:read" && one !== "sources:read",
    ),
  },
  {
    label: "Act on services, breakers and caches",
    all: ["health:act", "breakers:act", "cache:act"],
  },
  { label: "Replay and configure webhooks", all: ["webhooks:replay", "webhooks:configure"] },
  { label: "Add and change what is watched", all: ["sources:manage"] },
  { label: "Connect to further Redis and Postgres servers", all: ["sources:connect"] },
  { label: "Report a platform's own acts to the trail", all: ["audit:write"] },
  { label: "Export and verify the trail", all: ["audit:export", "audit:verify"] },
  { label: "Sign a review off", all: ["audit:sign-off"] },
  { label: "See members, invitations, tokens and the list of sources", all: ["access:read", "sources:read"] },
  { label: "Manage members, tokens and organizations", all: ["access:manage"] },
];

const holding = (all: readonly Capability[]): Role[] =>
  roles.filter((role) => all.every((capability) => capabilitiesOf[role].includes(capability)));

/** Roles × what they may do, every right that is asked for in one of the rows. */
export const rightsRows = (): RightsRow[] => {
  const covered = new Set(named.flatMap(({ all }) => all));
  return [
    ...named.map(({ label, all }) => ({ label, holds: holding(all) })),
    ...usableCapabilities
      .filter((capability) => !covered.has(capability))
      .map((capability) => ({ label: capability, holds: holding([capability]) })),
    {
      label: "Also in the organizations below",
      holds: roles.filter((role) => inheritedRoles.includes(role)),
    },
  ];
};
