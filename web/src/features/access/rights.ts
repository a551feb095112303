import {
  type Capability,
  capabilities,
  capabilitiesOf,
  inheritedRoles,
  type Role,
  roles,
} from "@wheelhouse/shared/capabilities.ts";

type RightsRow = { label: string; holds: readonly Role[] };

const named: readonly { label: string; all: readonly Capability[] }[] = [
  {
    label: "View all pages except Access",
    all: capabilities.filter(
      (one) => one.endsWith(":read") && one !== "access:read" && one !== "sources:read",
    ),
  },
  {
    label: "Operate services, breakers, caches and queues",
    all: ["health:act", "breakers:act", "cache:act", "queues:act"],
  },
  { label: "Handle alerts", all: ["alerts:act"] },
  { label: "Configure alerts", all: ["alerts:configure"] },
  { label: "Read payloads of webhooks", all: ["webhooks:payload"] },
  { label: "Read payloads and logs of jobs", all: ["queues:payload"] },
  { label: "Send completed deliveries of webhooks again", all: ["webhooks:resend"] },
  { label: "Export deliveries of webhooks", all: ["webhooks:export"] },
  { label: "Record deployments", all: ["deployments:write"] },
  { label: "Send metrics over OpenTelemetry", all: ["reports:write"] },
  { label: "Replay and configure webhooks", all: ["webhooks:replay", "webhooks:configure"] },
  { label: "Add and change sources", all: ["sources:manage"] },
  { label: "Connect additional Redis and Postgres servers", all: ["sources:connect"] },
  { label: "Report platform events to the audit trail", all: ["audit:write"] },
  { label: "Export and verify the audit trail", all: ["audit:export", "audit:verify"] },
  { label: "Sign off reviews", all: ["audit:sign-off"] },
  {
    label: "View members, invitations, tokens and the list of sources",
    all: ["access:read", "sources:read"],
  },
  { label: "Manage members, tokens and organizations", all: ["access:manage"] },
];

/** What each right allows, as a person reads it. */
const meanings: Record<Capability, string> = {
  "overview:read": "View the Overview",
  "health:read": "View services and servers",
  "breakers:read": "View circuit breakers",
  "cache:read": "View caches",
  "queues:read": "View queues",
  "schedules:read": "View schedules",
  "webhooks:read": "View webhooks",
  "audit:read": "View the audit trail",
  "alerts:read": "View alerts",
  "health:act": "Check services and set maintenance",
  "queues:act": "Operate queues and jobs",
  "queues:payload": "Read payloads and logs of jobs",
  "breakers:act": "Force and reset breakers",
  "cache:act": "Remove cache entries",
  "schedules:act": "Operate schedules",
  "alerts:act": "Handle alerts",
  "alerts:configure": "Configure alerts",
  "deployments:write": "Record deployments",
  "reports:write": "Send metrics over OpenTelemetry",
  "webhooks:payload": "Read webhook payloads",
  "webhooks:replay": "Replay webhooks",
  "webhooks:resend": "Send completed deliveries of webhooks again",
  "webhooks:export": "Export deliveries of webhooks",
  "webhooks:configure": "Configure webhooks",
  "sources:read": "View sources",
  "sources:manage": "Add and change sources",
  "sources:connect": "Connect Redis and Postgres servers",
  "access:read": "View members and tokens",
  "access:manage": "Manage access",
  "audit:write": "Report events to the audit trail",
  "audit:export": "Export the audit trail",
  "audit:verify": "Verify the audit trail",
  "audit:sign-off": "Sign off reviews",
};

export const meaningOf = (capability: Capability): string => meanings[capability];

const holding = (all: readonly Capability[]): Role[] =>
  roles.filter((role) => all.every((capability) => capabilitiesOf[role].includes(capability)));

/** Roles with their permissions; every permission in use appears in one of the rows. */
export const rightsRows = (): RightsRow[] => {
  const covered = new Set(named.flatMap(({ all }) => all));
  return [
    ...named.map(({ label, all }) => ({ label, holds: holding(all) })),
    ...capabilities
      .filter((capability) => !covered.has(capability))
      .map((capability) => ({ label: meaningOf(capability), holds: holding([capability]) })),
    {
      label: "Also in sub-organizations",
      holds: roles.filter((role) => inheritedRoles.includes(role)),
    },
  ];
};
