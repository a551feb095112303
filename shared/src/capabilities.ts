/**
 * Who may do what. A role is a set of capabilities; nothing else in the system decides on a role's name.
 * `superadmin` is a role of the platform organization and holds everywhere; `admin` and `auditor` are
 * inherited by child organizations, the other roles hold only where they were given.
 */
const reads = [
  "overview:read",
  "health:read",
  "breakers:read",
  "cache:read",
  "queues:read",
  "schedules:read",
  "webhooks:read",
  "audit:read",
  "alerts:read",
] as const;

const acts = [
  "health:act",
  "queues:act",
  "breakers:act",
  "cache:act",
  "schedules:act",
  "alerts:act",
  "deployments:write",
  "webhooks:replay",
  "webhooks:configure",
  "sources:read",
  "sources:manage",
  "sources:connect",
  "access:read",
  "access:manage",
  "audit:write",
  "audit:export",
  "audit:verify",
  "audit:sign-off",
] as const;

export const capabilities = [...reads, ...acts] as const;
export type Capability = (typeof capabilities)[number];

export const roles = ["viewer", "operator", "admin", "auditor", "superadmin"] as const;
export type Role = (typeof roles)[number];

const operator = [
  ...reads,
  "health:act",
  "queues:act",
  "breakers:act",
  "cache:act",
  "schedules:act",
  "alerts:act",
  "deployments:write",
] as const;

export const capabilitiesOf: Record<Role, readonly Capability[]> = {
  viewer: reads,
  operator,
  admin: [
    ...operator,
    "webhooks:replay",
    "webhooks:configure",
    "sources:read",
    "sources:manage",
    "access:read",
    "access:manage",
    "audit:write",
    "audit:export",
    "audit:verify",
  ],
  auditor: [...reads, "sources:read", "access:read", "audit:export", "audit:verify", "audit:sign-off"],
  superadmin: capabilities,
};

export const inheritedRoles: readonly Role[] = ["admin", "auditor", "superadmin"];

/**
 * Roles that a role's holder may give to others and take from them. An admin appoints auditors without having their
 * right to sign off, so nobody may make an auditor of himself: see `access-authority.ts` of the bff.
 */
export const grantableRoles: Record<Role, readonly Role[]> = {
  viewer: [],
  operator: [],
  admin: ["viewer", "operator", "admin", "auditor"],
  auditor: [],
  superadmin: roles,
};
