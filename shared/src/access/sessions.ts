import { z } from "zod";
import { defineEndpoint, timestamp } from "../endpoint.ts";

const revocationKept = ["endedSessions"] as const;
const memberParams = z.strictObject({ userId: z.uuid() });
const oneOfMember = z.strictObject({ userId: z.uuid(), sessionId: z.uuid() });
const ended = z.object({ ended: z.number().int() });
const password = z.string().min(1).max(1024);

/** Somewhere a person is signed in. Neither the token nor anything that opens the session. */
export const sessionEntry = z.object({
  id: z.uuid(),
  /** The one that asks. */
  current: z.boolean(),
  signedInBy: z.enum(["password", "oidc"]),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: timestamp,
  /** Within a minute. */
  lastSeenAt: timestamp,
  expiresAt: timestamp,
});
export type SessionEntry = z.infer<typeof sessionEntry>;

/** At most the 100 that were used last. */
const sessionList = z.object({ items: z.array(sessionEntry), total: z.number().int() });

export const listOwnSessions = defineEndpoint({
  method: "GET",
  path: "/sessions",
  summary: "Where the caller is signed in, last used first",
  access: "session",
  response: sessionList,
});

export const deleteOwnSession = defineEndpoint({
  method: "DELETE",
  path: "/sessions/:sessionId",
  summary: "Sign out somewhere else; its live connections are cut at once",
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
  summary: "Sign out everywhere else",
  access: "session",
  action: "access.session.revoke",
  keeps: revocationKept,
  response: ended,
});

export const listMemberSessions = defineEndpoint({
  method: "GET",
  path: "/members/:userId/sessions",
  summary: "Where a member is signed in",
  access: "access:manage",
  params: memberParams,
  response: sessionList,
});

export const deleteMemberSession = defineEndpoint({
  method: "DELETE",
  path: "/members/:userId/sessions/:sessionId",
  summary: "End one session of a member; its live connections are cut at once",
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
  summary: "Choose another password; ends every other session and gives this one a new token",
  access: "session",
  action: "access.password.change",
  keeps: ["endedSessions"],
  body: z.strictObject({ currentPassword: password, newPassword: password }),
  response: ended,
});

export const createPasswordReset = defineEndpoint({
  method: "POST",
  path: "/members/:userId/password-reset",
  summary: "A link by which a member sets a new password once within an hour; shown this once",
  access: "access:manage",
  action: "access.password.reset-link",
  keeps: ["expiresAt"],
  stepUp: true,
  params: memberParams,
  /** `path` holds the secret behind `#`, where no server and no log sees it. */
  response: z.object({ path: z.string(), expiresAt: timestamp }),
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
