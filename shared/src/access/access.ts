import { z } from "zod";
import { capabilities, roles } from "../capabilities.ts";
import { defineEndpoint, slug, timestamp } from "../endpoint.ts";

/** Request header that names the organization (slug or id) which a call is about. */
export const organizationHeader = "x-wheelhouse-organization";

export const organizationRef = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  parentId: z.uuid().nullable(),
  /** Role that holds here, inherited ones included. */
  role: z.enum(roles),
});
export type OrganizationRef = z.infer<typeof organizationRef>;

/** Who is signed in, where, and what that person may do there. */
export const sessionView = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  /** How this session began, and so how its person confirms to be there. */
  signedInBy: z.enum(["password", "oidc"]),
  organization: organizationRef,
  organizations: z.array(organizationRef),
  capabilities: z.array(z.enum(capabilities)),
  expiresAt: timestamp,
  /** Server clock, so that a client can correct the ages it shows. */
  serverTime: timestamp,
});
export type SessionView = z.infer<typeof sessionView>;

/** Ways to sign in besides the password; `path` is where the browser goes. */
export const listProviders = defineEndpoint({
  method: "GET",
  path: "/session/providers",
  summary: "Identity providers to sign in with",
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
  summary: "The signed-in user, organizations and capabilities in the request's organization",
  access: "session",
  snapshot: true,
  response: sessionView,
});

export const deleteSession = defineEndpoint({
  method: "DELETE",
  path: "/session",
  summary: "Sign out: revokes the session and cuts its live connections",
  access: "session",
  action: "access.session.delete",
  keeps: [],
  response: z.null(),
  status: 204,
});

/** What a person is asked for again before an act that asks for a step-up. */
export const stepUpSession = defineEndpoint({
  method: "POST",
  path: "/session/step-up",
  summary: "Confirm the password, for the acts that ask for it; rotates the session token",
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
