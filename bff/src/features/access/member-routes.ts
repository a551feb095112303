import * as contract from "@wheelhouse/shared/access/members.ts";
import { createToken, deleteToken, listTokens } from "@wheelhouse/shared/access/tokens.ts";
import type { Role } from "@wheelhouse/shared/capabilities.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Caller, credentialOf, demandStepUp } from "#lib/http/admission.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { Invitations, Members } from "./members/members.ts";
import type { Hierarchy } from "./organizations/organizations.ts";
import { giveSession } from "./routes.ts";
import type { Tokens } from "./tokens/tokens.ts";

type RoutesOptions = {
  members: Members;
  invitations: Invitations;
  hierarchy: Hierarchy;
  tokens: Tokens;
};

/**
 * Any role above viewer is power that outlasts the session that granted it, so granting it requires a
 * step-up.
 */
function demandForPower(role: Role, context: RequestContext) {
  if (role !== "viewer") demandStepUp(context);
}

export function accessMembersRoutes(
  app: FastifyInstance,
  { members, invitations, hierarchy, tokens }: RoutesOptions,
) {
  route(app, contract.listMembers, ({ query }, context) => members.list(query, context));
  route(app, contract.readMember, ({ params }, context) => members.read(params.userId, context));
  route(app, contract.updateMember, (input, context) => {
    demandForPower(input.body.role, context);
    return members.changeRole(input, context);
  });
  route(app, contract.deleteMember, (input, context) => members.remove(input, context));
  route(app, contract.deactivateMember, ({ params }, context) => members.deactivate(params.userId, context));
  route(app, contract.reactivateMember, ({ params }, context) => members.reactivate(params.userId, context));

  route(app, contract.listInvitations, ({ query }, context) => invitations.list(query, context));
  route(app, contract.createInvitation, ({ body }, context) => {
    demandForPower(body.role, context);
    return invitations.create(body, context);
  });
  route(app, contract.renewInvitation, ({ params }, context) => invitations.renew(params.id, context));
  route(app, contract.deleteInvitation, ({ params }, context) => invitations.withdraw(params.id, context));
  route(app, contract.openInvitation, ({ body }, context, { request }) =>
    invitations.open(body.token, callerOf(request, context)),
  );
  route(app, contract.acceptInvitation, async ({ body }, context, { request, reply }) => {
    const { organization, granted } = await invitations.accept(body, callerOf(request, context));
    if (granted) giveSession(granted, request, reply);
    return { organization };
  });

  route(app, contract.listOrganizations, ({ query }, context) => hierarchy.list(query, context));
  route(app, contract.createOrganization, ({ body }, context) => hierarchy.create(body, context));
  route(app, contract.updateOrganization, ({ params, body }, context) =>
    hierarchy.rename(params.id, body.name, context),
  );

  route(app, listTokens, ({ query }, context) => tokens.list(query, context));
  route(app, createToken, ({ body }, context) => tokens.create(body, context));
  route(app, deleteToken, ({ params }, context) => tokens.revoke(params.id, context));
}

/** Public endpoints have no identity in their context, so the caller comes from the credential itself. */
const callerOf = (request: FastifyRequest, { requestId, address, userAgent }: RequestContext): Caller => ({
  requestId,
  address,
  userAgent,
  token: credentialOf(request).token,
  organization: undefined,
  idempotencyKey: null,
});
