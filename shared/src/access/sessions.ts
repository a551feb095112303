import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";

const revocationKept = ["endedSessions"] as const;
const memberParams = z.strictObject({ userId: z.uuid() });
const oneOfMember = z.strictObject({ userId: z.uuid(), sessionId: z.uuid() });
const ended = z.object({ ended: z.number().int() });
const password = z.string().min(1).max(1024);

/** A session without its token or anything else that could be used to open it. */
export const sessionEntry = z.object({
  id: z.uuid(),
  /** True for the session of this request. */
  current: z.boolean(),
  signedInBy: z.enum(["password", "oidc"]),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: timestamp,
  /** Accurate to one minute. */
  lastSeenAt: timestamp,
  expiresAt: timestamp,
});
export type SessionEntry = z.infer<typeof sessionEntry>;

/** The 100 most recently used sessions at most. */
const sessionList = z.object({ items: z.array(sessionEntry), total: z.number().int() });

export const listOwnSessions = defineEndpoint({
  method: "GET",
  path: "/sessions",
  summary: "List the caller's sessions, most recently used first",
  access: "session",
  response: sessionList,
});

export const deleteOwnSession = defineEndpoint({
  method: "DELETE",
  path: "/sessions/:sessionId",
  summary: "End another session of the caller; its live connections are closed immediately",
  access: "session",
  action: "access.session.revoke",
  keeps: revocationKept,
  params: z.strictObject({ sessionId: z.uuid() }),
  response: z.null(),
  status: 204,
});

export const deleteOtherSessions = defineEndpoint({
  method: "DELETE",
  path: "/sessions",
  summary: "End all other sessions of the caller",
  access: "session",
  action: "access.session.revoke",
  keeps: revocationKept,
  response: ended,
});

/** A session of a member of the organization. */
export const organizationSession = sessionEntry.extend({
  user: z.object({ id: z.uuid(), name: z.string(), email: z.string() }),
});
export type OrganizationSession = z.infer<typeof organizationSession>;

export const listOrganizationSessions = defineEndpoint({
  method: "GET",
  path: "/organization/sessions",
  summary: "List the active sessions of the organization's members, newest sign-in first",
  access: "access:manage",
  query: z.strictObject(paging),
  response: page(organizationSession).extend({
    total: z.number().int(),
    /** An unused session ends after this time. */
    idleMinutes: z.number(),
  }),
});

export const listMemberSessions = defineEndpoint({
  method: "GET",
  path: "/members/:userId/sessions",
  summary: "List a member's sessions",
  access: "access:manage",
  params: memberParams,
  response: sessionList,
});

export const deleteMemberSession = defineEndpoint({
  method: "DELETE",
  path: "/members/:userId/sessions/:sessionId",
  summary: "End one session of a member; its live connections are closed immediately",
  access: "access:manage",
  action: "access.session.revoke",
  keeps: revocationKept,
  params: oneOfMember,
  response: z.null(),
  status: 204,
});

export const deleteMemberSessions = defineEndpoint({
  method: "DELETE",
  path: "/members/:userId/sessions",
  summary: "End all sessions of a member",
  access: "access:manage",
  action: "access.session.revoke",
  keeps: revocationKept,
  params: memberParams,
  response: ended,
});

export const changePassword = defineEndpoint({
  method: "PUT",
  path: "/session/password",
  summary: "Change the password; ends all other sessions and gives this one a new token",
  access: "session",
  action: "access.password.change",
  keeps: ["endedSessions"],
  body: z.strictObject({ currentPassword: password, newPassword: password }),
  response: ended,
});

export const createPasswordReset = defineEndpoint({
  method: "POST",
  path: "/members/:userId/password-reset",
  summary:
    "Create a link with which a member can set a new password, valid once within an hour and shown only once",
  access: "access:manage",
  action: "access.password.reset-link",
  keeps: ["expiresAt"],
  stepUp: true,
  params: memberParams,
  /** `path` contains the secret after `#`, which browsers never send to servers. */
  response: z.object({
    path: z.string(),
    expiresAt: timestamp,
    /** Whether it was also sent by e-mail. */
    isMailed: z.boolean(),
  }),
  status: 201,
});

export const resetPassword = defineEndpoint({
  method: "POST",
  path: "/session/password-reset",
  summary: "Set a new password by a reset link; ends every session of the account",
  access: "public",
  action: "access.password.reset",
  keeps: ["endedSessions"],
  body: z.strictObject({ token: z.string().min(1).max(200), newPassword: password }),
  response: z.null(),
  status: 204,
});
