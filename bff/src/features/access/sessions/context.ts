import type { Capability } from "@wheelhouse/shared/capabilities.ts";
import type { Admission, Admit, Caller, Need } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import { type Actor, platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { Organization, Organizations, OrganizationTree } from "../tree.ts";
import { createRights, type Rights } from "./actor.ts";
import type { Identity } from "./identity.ts";
import type { LiveSession } from "./store.ts";
import { createTokenActor, createTokenRights, isTokenShaped, type TokenIdentity } from "./token-identity.ts";

export function createActor(session: Pick<LiveSession, "id" | "user" | "signedInBy">, rights: Rights): Actor {
  return {
    type: "user",
    id: session.user.id,
    display: session.user.name,
    authMethod: session.signedInBy,
    sessionId: session.id,
    can: (capability) => ({
      in: (organizationId) => ({ check: () => rights.allows(organizationId, capability) }),
    }),
  };
}

/** Nobody in particular: what a public endpoint is told about its caller. */
export const anonymousContext = (caller: Caller, display = "anonymous"): RequestContext => ({
  actor: {
    type: "anonymous",
    id: null,
    display,
    authMethod: "none",
    sessionId: null,
    can: () => ({ in: () => ({ check: () => false }) }),
  },
  organization: platformOrganization,
  subtreeIds: [],
  requestId: caller.requestId,
  address: caller.address,
  userAgent: caller.userAgent,
  idempotencyKey: null,
});

/** What a caller may do in the organizations that there are. */
type Standing = { rights: Rights; tree: OrganizationTree };
type Admitted = Standing & { session: LiveSession; organization: Organization };
type AdmissionDeps = { identity: Identity; organizations: Organizations; tokens: Pick<TokenIdentity, "of"> };

export function createAdmission({ identity, organizations, tokens }: AdmissionDeps) {
  // What the access feature itself needs to know about the requests under way; nobody else learns memberships.
  const admitted = new WeakMap<RequestContext, Admitted>();
  const standings = new WeakMap<RequestContext, Standing>();

  /** A token acts in its one organization, with what is left of its scope after its creator's own rights. */
  async function admitToken(token: string, caller: Caller, need: Need): Promise<Admission> {
    const found = await tokens.of(token);
    const organization = found && (await organizations.byId(found.organizationId));
    if (!found || !organization)
      return { ok: false, error: new AppError("unauthenticated", "This token is not valid.") };
    const tree = await organizations.tree();
    const rights = createTokenRights(found, createRights(found.memberships, tree), organization);
    const { requestId, address, userAgent, idempotencyKey } = caller;
    const origin = { actor: createTokenActor(found, rights), organization, requestId, address, userAgent };
    const refuse = (text: string): Admission => ({
      ok: false,
      origin,
      error: new AppError("forbidden", text),
    });
    const named = caller.organization;
    if (named !== undefined && named !== organization.id && named !== organization.slug)
      return refuse("This token belongs to another organization.");
    if (need.access === "session") return refuse("A token has no session.");
    if (!rights.allows(organization.id, need.access)) return refuse(`This takes the right ${need.access}.`);
    const context = { ...origin, subtreeIds: [organization.id], idempotencyKey };
    standings.set(context, { rights, tree });
    return { ok: true, context };
  }

  const admit: Admit = async (caller, need): Promise<Admission> => {
    if (caller.token && isTokenShaped(caller.token)) return admitToken(caller.token, caller, need);
    const session = caller.token ? await identity.of(caller.token, need) : undefined;
    if (!session || (session.previous && need.write))
      return { ok: false, error: new AppError("unauthenticated", "Sign in to go on.") };
    const named = caller.organization ? await organizations.find(caller.organization) : undefined;
    const tree = await organizations.tree();
    const rights = createRights(session.memberships, tree);
    const organization = caller.organization ? named : defaultOrganization(session, rights, tree);
    const { requestId, address, userAgent, idempotencyKey } = caller;
    const origin = {
      actor: createActor(session, rights),
      organization: organization ?? platformOrganization,
      requestId,
      address,
      userAgent,
    };
    // One answer for an organization that is not there and one that is not theirs.
    if (!organization || rights.roleIn(organization.id) === undefined)
      return {
        ok: false,
        origin,
        error: new AppError("forbidden", "You are no member of that organization."),
      };
    if (need.access !== "session" && !rights.allows(organization.id, need.access))
      return {
        ok: false,
        origin,
        error: new AppError("forbidden", `This takes the right ${need.access}.`),
      };
    const context = {
      ...origin,
      organization,
      subtreeIds: readable(tree, organization.id, rights, need.access),
      idempotencyKey,
      confirmed: session.confirmed,
    };
    admitted.set(context, { session, organization, rights, tree });
    standings.set(context, { rights, tree });
    return { ok: true, context };
  };

  return {
    admit,
    /** Session and rights behind a context that `admit` made. */
    behind(context: RequestContext): Admitted {
      const found = admitted.get(context);
      if (!found) throw new Error("this context was not made by admit() for a session");
      return found;
    },
    /** Rights behind a context that `admit` made, for a session or a token. */
    standing(context: RequestContext): Standing {
      const found = standings.get(context);
      if (!found) throw new Error("this context was not made by admit()");
      return found;
    },
  };
}
export type AdmissionOffice = ReturnType<typeof createAdmission>;

function defaultOrganization(session: LiveSession, rights: Rights, tree: OrganizationTree) {
  const chosen = tree.byId(session.defaultOrganizationId);
  if (chosen && rights.roleIn(chosen.id)) return chosen;
  // The membership of the chosen one is gone: take one that is left.
  return rights.organizations()[0];
}

function readable(tree: OrganizationTree, id: string, rights: Rights, access: "session" | Capability) {
  return tree
    .subtree(id)
    .filter((organization) =>
      access === "session"
        ? rights.roleIn(organization.id) !== undefined
        : rights.allows(organization.id, access),
    )
    .map((organization) => organization.id);
}
