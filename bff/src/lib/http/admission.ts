import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import type { FastifyRequest } from "fastify";
import type { ActOrigin } from "#lib/change.ts";
import { AppError } from "./errors.ts";
import type { RequestContext } from "./request-context.ts";

/** What a request brings, whether it came by HTTP or as a socket's handshake. */
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
  /** Reads snapshots only, so a session verified before may go on while the database is away. */
  snapshot: boolean;
  /** Changes something, for which a token that was just rotated away is no longer good. */
  write: boolean;
};

export type Admission =
  | { ok: true; context: RequestContext }
  /** `origin` is there when the refusal is to be recorded: somebody who is known, at some organization. */
  | { ok: false; error: AppError; origin?: ActOrigin };

/** Decides who a caller is, which organization the call is about, and whether the caller may make it. */
export type Admit = (caller: Caller, need: Need) => Promise<Admission>;

/** Cookie of the session. The `__Host-` prefix binds it to TLS and this host; plain HTTP has to do without. */
export const sessionCookieName = (secure: boolean) => (secure ? "__Host-wheelhouse" : "wheelhouse");

/** True when `Origin` names the host that the request was sent to. A proxy may end TLS, so the scheme is no part. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

/**
 * For an act that a session left open must not allow. `route()` asks it of endpoints with `stepUp`; a service where
 * only some calls of an endpoint warrant it.
 * @throws AppError `step_up_required`; `forbidden` for an API token, which has nobody to ask.
 */
export function demandStepUp({ actor, confirmed }: RequestContext) {
  if (actor.type === "token")
    throw new AppError("forbidden", "This takes a person who confirms it, not an API token.");
  if (!confirmed) throw new AppError("step_up_required", "Confirm your password to go on.");
}

/** The session's token as a request carries it: `Authorization: Bearer` wins over the cookie. */
export function credentialOf(request: FastifyRequest): { token: string | undefined; byCookie: boolean } {
  const bearer = /^Bearer +([\w-]{20,200})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer) return { token: bearer, byCookie: false };
  const token = request.cookies[sessionCookieName(request.protocol === "https")];
  return { token: token?.slice(0, 200), byCookie: token !== undefined };
}
