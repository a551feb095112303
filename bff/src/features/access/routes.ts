import {
  createSession,
  deleteSession,
  listProviders,
  readSession,
  stepUpSession,
  switchOrganization,
} from "@wheelhouse/shared/access/access.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { cookieOf, credentialOf } from "#lib/http/admission.ts";
import { route } from "#lib/http/route.ts";
import type { AccessService, GrantedSession } from "./sign-in/sign-in.ts";

type RoutesOptions = {
  service: AccessService;
  /** Name of the identity provider, if one is configured. */
  providerName: string | undefined;
};

export function accessRoutes(app: FastifyInstance, { service, providerName }: RoutesOptions) {
  const providers = providerName ? [{ name: providerName, path: "/signin/oidc" }] : [];
  route(app, listProviders, () => ({ items: providers }));

  route(app, createSession, async ({ body }, { requestId, address, userAgent }, { request, reply }) => {
    const caller = { requestId, address, userAgent, organization: undefined, idempotencyKey: null };
    const { token } = credentialOf(request);
    return giveSession(await service.signIn(body.email, body.password, { ...caller, token }), request, reply);
  });

  route(app, readSession, (_, context) => service.view(context));

  route(app, deleteSession, async (_, context, { request, reply }) => {
    await service.signOut(context);
    const { name, options } = cookieOf(request);
    reply.clearCookie(name, options);
    return null;
  });

  route(app, stepUpSession, async ({ body }, context, { request, reply }) => {
    const { token = "" } = credentialOf(request);
    return giveSession(await service.stepUp(context, body.password, token), request, reply);
  });

  route(app, switchOrganization, async ({ body }, context, { request, reply }) => {
    const { token = "" } = credentialOf(request);
    request.refusedOrigin = await service.originAt(context, body.organizationId);
    return giveSession(await service.switchOrganization(context, body.organizationId, token), request, reply);
  });
}

/** Sets the cookie of a new session. @returns the parts of the session that its holder may see. */
export function giveSession<V>(
  { token, expiresAt, view }: GrantedSession<V>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { name, options } = cookieOf(request);
  reply.setCookie(name, token, { ...options, expires: expiresAt });
  return view;
}
