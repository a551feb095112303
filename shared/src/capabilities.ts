/**
 * A role is a set of capabilities; no other code makes decisions based on a role's name. `superadmin` is a
 * role of the platform organization and applies everywhere. Child organizations inherit `admin` and
 * `auditor`; the other roles apply only in the organization where they were granted.
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
  "queues:payload",
  "breakers:act",
  "cache:act",
  "schedules:act",
  "alerts:act",
  "alerts:configure",
  "deployments:write",
  "reports:write",
  "webhooks:payload",
  "webhooks:replay",
  "webhooks:resend",
  "webhooks:export",
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
  "queues:payload",
  "breakers:act",
  "cache:act",
  "schedules:act",
  "alerts:act",
  "deployments:write",
  "reports:write",
  "webhooks:payload",
] as const;

export const capabilitiesOf: Record<Role, readonly Capability[]> = {
  viewer: reads,
  operator,
  admin: [
    ...operator,
    "webhooks:replay",
    "webhooks:resend",
    "webhooks:export",
    "webhooks:configure",
    "alerts:configure",
    "sources:read",
    "sources:manage",
    "access:read",
    "access:manage",
    "audit:write",
    "audit:export",
    "audit:verify",
  ],
  auditor: [
    ...reads,
    "webhooks:export",
    "sources:read",
    "access:read",
    "audit:export",
    "audit:verify",
    "audit:sign-off",
  ],
  superadmin: capabilities,
};

export const inheritedRoles: readonly Role[] = ["admin", "auditor", "superadmin"];

/**
 * The roles that holders of a role may grant and revoke. Admins can appoint auditors but lack the right to
 * sign off reviews themselves, and nobody can extend their own permissions.
 */
export const grantableRoles: Record<Role, readonly Role[]> = {
  viewer: [],
  operator: [],
  admin: ["viewer", "operator", "admin", "auditor"],
  auditor: [],
  superadmin: roles,
};
