import { readLimits } from "@wheelhouse/shared/access/limits.ts";
import * as contract from "@wheelhouse/shared/access/sessions.ts";
import type { FastifyInstance } from "fastify";
import { credentialOf } from "#lib/http/admission.ts";
import { route } from "#lib/http/route.ts";
import type { Limits } from "./limits/limits.ts";
import { giveSession } from "./routes.ts";
import type { Sessions } from "./sessions/sessions.ts";
import type { PasswordService } from "./sign-in/sign-in.ts";

type RoutesOptions = { limits: Limits; sessions: Sessions; passwordChanges: PasswordService };

export function accessSessionRoutes(
  app: FastifyInstance,
  { limits, sessions, passwordChanges }: RoutesOptions,
) {
  route(app, readLimits, (_, context) => limits.read(context));

  route(app, contract.listOwnSessions, (_, context) => sessions.listOwn(context));
  route(app, contract.deleteOwnSession, async ({ params }, context) => {
    await sessions.endOwn(context, params.sessionId);
    return null;
  });
  route(app, contract.deleteOtherSessions, (_, context) => sessions.endOthers(context));

  route(app, contract.listOrganizationSessions, ({ query }, context) =>
    sessions.listOfOrganization(query, context),
  );
  route(app, contract.listMemberSessions, ({ params }, context) =>
    sessions.listOfMember(context, params.userId),
  );
  route(app, contract.deleteMemberSession, async ({ params }, context) => {
    await sessions.endOfMember(context, params);
    return null;
  });
  route(app, contract.deleteMemberSessions, ({ params }, context) =>
    sessions.endAllOfMember(context, params.userId),
  );

  route(app, contract.changePassword, async ({ body }, context, { request, reply }) => {
    const { token = "" } = credentialOf(request);
    return giveSession(await passwordChanges.change(context, body, token), request, reply);
  });
  route(app, contract.createPasswordReset, ({ params }, context) =>
    passwordChanges.issueReset(context, params.userId),
  );
  route(app, contract.resetPassword, async ({ body }, context) => {
    await passwordChanges.reset(context, body);
    return null;
  });
}
