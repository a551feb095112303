import type { Role } from "@wheelhouse/shared/capabilities.ts";

/** Strongest first, as people are listed. */
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
  operator: "acts on services, breakers, caches",
  auditor: "trail, sign-off, export",
  viewer: "read",
};

/** How a person proves to be one. */
export const signsInWith = (how: { hasPassword: boolean; hasIdentity: boolean }): string => {
  const ways = [...(how.hasIdentity ? ["OpenID Connect"] : []), ...(how.hasPassword ? ["password"] : [])];
  const text = ways.join(" or ");
  return text === "" ? "Not yet" : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
};
