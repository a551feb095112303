import { z } from "zod";
import { capabilities, roles } from "../capabilities.ts";
import { defineEndpoint, slug, timestamp } from "../endpoint.ts";

/** Request header with the organization of the request (slug or id). */
export const organizationHeader = "x-wheelhouse-organization";

export const organizationRef = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  parentId: z.uuid().nullable(),
  /** Effective role in this organization, including inherited roles. */
  role: z.enum(roles),
});
export type OrganizationRef = z.infer<typeof organizationRef>;

/** The signed-in user, the current organization, and the user's capabilities there. */
export const sessionView = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  /** How the user signed in, which decides how they confirm their identity. */
  signedInBy: z.enum(["password", "oidc"]),
  organization: organizationRef,
  organizations: z.array(organizationRef),
  capabilities: z.array(z.enum(capabilities)),
  expiresAt: timestamp,
  /** Lets a client correct displayed ages for clock skew. */
  serverTime: timestamp,
});
export type SessionView = z.infer<typeof sessionView>;

/** Sign-in methods besides the password; `path` is where the browser starts. */
export const listProviders = defineEndpoint({
  method: "GET",
  path: "/session/providers",
  summary: "List identity providers for sign-in",
  access: "public",
  response: z.object({ items: z.array(z.object({ name: z.string(), path: z.string() })) }),
});

export const createSession = defineEndpoint({
  method: "POST",
  path: "/session",
  summary: "Sign in with e-mail address and password",
  access: "public",
  action: "access.session.create",
  keeps: ["linkedIdentity", "account", "role"],
  body: z.strictObject({ email: z.string().trim().min(1).max(254), password: z.string().min(1).max(1024) }),
  response: sessionView,
});

export const readSession = defineEndpoint({
  method: "GET",
  path: "/session",
  summary:
    "Get the signed-in user, their organizations, and their capabilities in the request's organization",
  access: "session",
  snapshot: true,
  response: sessionView,
});

export const deleteSession = defineEndpoint({
  method: "DELETE",
  path: "/session",
  summary: "Sign out: revokes the session and closes its live connections",
  access: "session",
  action: "access.session.delete",
  keeps: [],
  response: z.null(),
  status: 204,
});

/** Confirms the identity of the signed-in user before an action that requires a step-up. */
export const stepUpSession = defineEndpoint({
  method: "POST",
  path: "/session/step-up",
  summary: "Confirm the password for actions that require it; rotates the session token",
  access: "session",
  action: "access.session.step-up",
  keeps: [],
  body: z.strictObject({ password: z.string().min(1).max(1024) }),
  response: z.object({ confirmedUntil: timestamp }),
});

export const switchOrganization = defineEndpoint({
  method: "PUT",
  path: "/session/organization",
  summary: "Change the session's default organization; rotates the session token",
  access: "session",
  action: "access.session.switch-organization",
  keeps: ["defaultOrganization"],
  body: z.strictObject({ organizationId: z.uuid() }),
  response: sessionView,
});
