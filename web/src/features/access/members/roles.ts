import type { Role } from "@wheelhouse/shared/capabilities.ts";

/** Most privileged first, the order of the member list. */
export const rolesByStrength: readonly Role[] = ["superadmin", "admin", "operator", "auditor", "viewer"];

export const roleNames: Record<Role, string> = {
  superadmin: "Superadmin",
  admin: "Admin",
  operator: "Operator",
  auditor: "Auditor",
  viewer: "Viewer",
};

export const roleMeanings: Record<Role, string> = {
  superadmin: "everything, everywhere",
  admin: "members, webhooks, sources",
  operator: "operates services, breakers, caches",
  auditor: "audit trail, sign-off, export",
  viewer: "read",
};

/** How a person signs in. */
export const signsInWith = (how: { hasPassword: boolean; hasIdentity: boolean }): string => {
  const ways = [...(how.hasIdentity ? ["OpenID Connect"] : []), ...(how.hasPassword ? ["password"] : [])];
  const text = ways.join(" or ");
  return text === "" ? "Not yet" : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
};
