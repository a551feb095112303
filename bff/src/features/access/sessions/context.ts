import type { Admission, Admit, Caller, Need } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import { type Actor, platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { Organization, Organizations, OrganizationTree } from "../tree.ts";
import { createRights, type Rights } from "./actor.ts";
import type { Ending, Identity } from "./identity.ts";
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

/** The context of a caller without identity, for public endpoints. */
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

const endings: Record<Ending, string> = {
  expired: "Your session has reached its longest time. Sign in again.",
  idle: "Your session was unused for too long. Sign in again.",
  ended: "Your session was ended: you or an admin ended it, or the password was changed. Sign in again.",
};

/** What a caller without a valid session is told. */
const whySignIn = (token: string | undefined, identity: Identity): string => {
  const ending = token ? identity.endingOf(token) : undefined;
  return ending ? endings[ending] : token ? "Your session has ended. Sign in again." : "Sign in to continue.";
};

/** A caller's rights in the current organization tree. */
type Standing = { rights: Rights; tree: OrganizationTree };
type Admitted = Standing & { session: LiveSession; organization: Organization };
type AdmissionDeps = { identity: Identity; organizations: Organizations; tokens: Pick<TokenIdentity, "of"> };

export function createAdmission({ identity, organizations, tokens }: AdmissionDeps) {
  // Keeps memberships out of the request context, so that only the access feature can read them.
  const admitted = new WeakMap<RequestContext, Admitted>();
  const standings = new WeakMap<RequestContext, Standing>();

  /**
   * A token acts in a single organization, limited to the intersection of its scope and its creator's rights.
   */
  async function admitToken(token: string, caller: Caller, need: Need): Promise<Admission> {
    const found = await tokens.of(token);
    const organization = found && (await organizations.byId(found.organizationId));
    if (!found || !organization)
      return { ok: false, error: new AppError("unauthenticated", "This token is invalid.") };
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
    if (need.access === "session") return refuse("API tokens have no session.");
    if (need.access !== "identity" && !rights.allows(organization.id, need.access))
      return refuse(`You need the permission ${need.access}.`);
    const context = { ...origin, subtreeIds: [organization.id], idempotencyKey };
    standings.set(context, { rights, tree });
    return { ok: true, context };
  }

  const admit: Admit = async (caller, need): Promise<Admission> => {
    if (caller.token && isTokenShaped(caller.token)) return admitToken(caller.token, caller, need);
    const session = caller.token ? await identity.of(caller.token, need) : undefined;
    if (!session || (session.previous && need.write))
      return { ok: false, error: new AppError("unauthenticated", whySignIn(caller.token, identity)) };
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
    // The same response for an unknown organization and one without membership, so that callers
    // cannot tell them apart.
    if (!organization || rights.roleIn(organization.id) === undefined)
      return {
        ok: false,
        origin,
        error: new AppError("forbidden", "You are not a member of this organization."),
      };
    if (!isForAnyone(need.access) && !rights.allows(organization.id, need.access))
      return {
        ok: false,
        origin,
        error: new AppError("forbidden", `You need the permission ${need.access}.`),
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
    /** Session and rights of a context that `admit` created for a session. */
    behind(context: RequestContext): Admitted {
      const found = admitted.get(context);
      if (!found) throw new Error("this context was not created by admit() for a session");
      return found;
    },
    /** Rights of a context that `admit` created, for a session or a token. */
    standing(context: RequestContext): Standing {
      const found = standings.get(context);
      if (!found) throw new Error("this context was not created by admit()");
      return found;
    },
  };
}
export type AdmissionOffice = ReturnType<typeof createAdmission>;

function defaultOrganization(session: LiveSession, rights: Rights, tree: OrganizationTree) {
  const chosen = tree.byId(session.defaultOrganizationId);
  if (chosen && rights.roleIn(chosen.id)) return chosen;
  // The membership in the chosen organization is gone, so use a remaining one.
  return rights.organizations()[0];
}

const isForAnyone = (access: Need["access"]): access is "session" | "identity" =>
  access === "session" || access === "identity";

function readable(tree: OrganizationTree, id: string, rights: Rights, access: Need["access"]) {
  return tree
    .subtree(id)
    .filter((organization) =>
      isForAnyone(access)
        ? rights.roleIn(organization.id) !== undefined
        : rights.allows(organization.id, access),
    )
    .map((organization) => organization.id);
}
