import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import type { FastifyRequest } from "fastify";
import type { ActOrigin } from "#lib/change.ts";
import { AppError } from "./errors.ts";
import type { RequestContext } from "./request-context.ts";

/** A request's credentials and target, whether it came by HTTP or as a socket handshake. */
export type Caller = {
  token: string | undefined;
  /** Slug or id from the organization header; undefined means the session's default. */
  organization: string | undefined;
  requestId: string;
  address: string | null;
  userAgent: string | null;
  idempotencyKey: string | null;
};

export type Need = {
  access: Exclude<Endpoint["access"], "public">;
  /** Reads snapshots only, so a previously verified session may continue while the database is away. */
  snapshot: boolean;
  /** Changes something; a token that was just rotated away is no longer accepted for this. */
  write: boolean;
};

export type Admission =
  | { ok: true; context: RequestContext }
  /** `origin` is there when the refusal is to be recorded: somebody who is known, at some organization. */
  | { ok: false; error: AppError; origin?: ActOrigin };

/** Identifies the caller and the organization of a request, and decides whether the caller may make it. */
export type Admit = (caller: Caller, need: Need) => Promise<Admission>;

/** The session cookie. The `__Host-` prefix binds it to TLS and this host; plain HTTP cannot use it. */
export const sessionCookieName = (secure: boolean) => (secure ? "__Host-wheelhouse" : "wheelhouse");

/**
 * True if `Origin` names the host that the request was sent to. The scheme is ignored, because a proxy may terminate
 * TLS.
 */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

/**
 * Guards an action that an unattended session must not allow. `route()` calls it for endpoints with `stepUp`; a service
 * calls it if only some calls of an endpoint need it.
 * @throws AppError `step_up_required`; `forbidden` for an API token, which has no person to confirm.
 */
export function demandStepUp({ actor, confirmed }: RequestContext) {
  if (actor.type === "token")
    throw new AppError("forbidden", "This takes a person who confirms it, not an API token.");
  if (!confirmed) throw new AppError("step_up_required", "Confirm your password to go on.");
}

/** The session token of a request: `Authorization: Bearer` takes precedence over the cookie. */
export function credentialOf(request: FastifyRequest): { token: string | undefined; byCookie: boolean } {
  const bearer = /^Bearer +([\w-]{20,200})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer) return { token: bearer, byCookie: false };
  const token = request.cookies[sessionCookieName(request.protocol === "https")];
  return { token: token?.slice(0, 200), byCookie: token !== undefined };
}
