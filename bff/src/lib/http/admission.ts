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

declare module "fastify" {
  interface FastifyInstance {
    /** Path below which people reach the console, such as `/ops`; empty at the root of a host. */
    basePath: string;
  }
}

/**
 * Name of the session cookie, by what the browser shall enforce. `__Host-` binds it to TLS and this host, and demands the path `/`;
 * below a path of a shared host `__Secure-` binds it to TLS. Plain HTTP cannot use either.
 */
export function sessionCookieName(secure: boolean, basePath: string): string {
  if (!secure) return "wheelhouse";
  return basePath === "" ? "__Host-wheelhouse" : "__Secure-wheelhouse";
}

/** Name and attributes of the session cookie, or of another one, whose name ends differently. */
export function cookieOf({ protocol, server: { basePath } }: FastifyRequest, ending = "") {
  const secure = protocol === "https";
  return {
    name: sessionCookieName(secure, basePath) + ending,
    options: { path: basePath || "/", httpOnly: true, sameSite: "lax", secure },
  } as const;
}

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
    throw new AppError("forbidden", "A person must confirm this; an API token cannot.");
  if (!confirmed) throw new AppError("step_up_required", "Confirm your password to continue.");
}

/** The session token of a request: `Authorization: Bearer` takes precedence over the cookie. */
export function credentialOf(request: FastifyRequest): { token: string | undefined; byCookie: boolean } {
  const bearer = /^Bearer +([\w-]{20,200})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (bearer) return { token: bearer, byCookie: false };
  const token = request.cookies[cookieOf(request).name];
  return { token: token?.slice(0, 200), byCookie: token !== undefined };
}
