import { fastifyCookie } from "@fastify/cookie";
import type { Denials } from "#lib/change.ts";
import { type Admit, isSameOrigin, sessionCookieName } from "#lib/http/admission.ts";
import { AppError, toAppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";

export type Handshake = {
  cookieHeader: string | undefined;
  /** Slug or id; undefined for the session's default organization. */
  organization: string | undefined;
  /** Headers `Origin` and `Host`, checked because browsers send cookies along from any page. */
  origin?: string | undefined;
  host?: string | undefined;
  /** Id of the connection, for the audit trail. */
  id: string;
  address?: string | null;
  userAgent?: string | null;
};

/**
 * Authenticates a socket by the same rules as a request; cheap enough to run again on each subscribe. While
 * the database is unavailable, already verified sessions can keep watching.
 */
export function createHandshake({
  admit,
  denials,
  basePath,
}: {
  admit: Admit;
  denials: Denials;
  basePath: string;
}) {
  return async function authenticateHandshake(handshake: Handshake): Promise<RequestContext | AppError> {
    const { cookieHeader = "", organization, origin, host, id } = handshake;
    if (origin !== undefined && !isSameOrigin(origin, host))
      return new AppError("forbidden", "Live connections must come from Wheelhouse's own pages.");
    const cookies = fastifyCookie.parse(cookieHeader.slice(0, 8_192));
    const { address = null, userAgent = null } = handshake;
    const token = cookies[sessionCookieName(true, basePath)] ?? cookies[sessionCookieName(false, basePath)];
    const caller = { token, organization, requestId: id, address, userAgent, idempotencyKey: null };
    try {
      const admission = await admit(caller, { access: "session", snapshot: true, write: false });
      if (admission.ok) return admission.context;
      if (admission.origin)
        await denials.record(admission.origin, {
          action: "overview:read",
          outcome: "denied",
          reason: "a live connection was refused",
        });
      return admission.error;
    } catch (error) {
      return toAppError(error);
    }
  };
}
