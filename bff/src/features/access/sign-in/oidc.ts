import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { Caller } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SignInLimit } from "../limits/limits.ts";
import type { Organizations } from "../tree.ts";
import type { SignInUser, UserStore } from "../user-store.ts";
import type { IdentitiesStore } from "./identities-store.ts";
import type { OidcConfig, OidcPerson, OidcProvider } from "./oidc-provider.ts";
import type { AccessService, NewAccount } from "./service.ts";

type OidcDeps = {
  config: OidcConfig;
  provider: OidcProvider;
  identities: IdentitiesStore;
  users: UserStore;
  service: AccessService;
  organizations: Organizations;
  limit: SignInLimit;
  box: SecretBox;
  clock: Clock;
};

export type OidcPurpose = "sign-in" | "step-up";

const begun = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  maxAgeSeconds: z.number().optional(),
  purpose: z.enum(["sign-in", "step-up"]),
  next: z.string(),
  expiresAtMs: z.number(),
});

/** How long a person may take at the provider. */
const begunForMs = 10 * 60_000;
const sealPurpose = "oidc sign-in";

/**
 * Sign-in and confirmation at an OpenID Connect provider. The pending state travels sealed in a cookie of the
 * browser that started it, so a callback opened in another browser fails.
 */
export function createOidc(deps: OidcDeps) {
  const { config, provider, identities, users, service, organizations, limit, box, clock } = deps;

  /** The account of an identity, or the account to create for it; otherwise the reason why there is none. */
  async function accountOf(
    person: OidcPerson,
  ): Promise<{ user: SignInUser; account: NewAccount } | { reason: string }> {
    const linked = await identities.userOf(config.issuer, person.subject);
    if (linked) {
      const user = await users.byId(linked);
      return user ? { user, account: {} } : { reason: "the linked account is deactivated" };
    }
    if (person.email === undefined || !person.emailVerified)
      return { reason: "the provider did not verify the address" };
    const identity = { issuer: config.issuer, subject: person.subject };
    const user = await users.byEmail(person.email);
    if (user) {
      if (user.disabled) return { reason: "the account is deactivated" };
      if (await identities.isLinked(config.issuer, user.id))
        return { reason: "the account is linked to another identity" };
      return { user, account: { identity } };
    }
    const place = config.provision && (await organizations.find(config.provision.organization));
    if (!config.provision || !place) return { reason: "no account of this address" };
    const { role } = config.provision;
    const made = {
      id: uuidv7(),
      email: person.email,
      name: (person.name ?? person.email).replace(/\p{Cc}/gu, "").slice(0, 100),
      memberships: [{ organizationId: place.id, role }],
    };
    return { user: { ...made, passwordHash: null, disabled: false }, account: { identity, role } };
  }

  const openBegun = (sealed: string | undefined) => {
    if (!sealed) return undefined;
    try {
      const opened = begun.parse(JSON.parse(box.open(Buffer.from(sealed, "base64url"), sealPurpose)));
      return opened.expiresAtMs > clock.now() ? opened : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    name: config.name,

    /**
     * @returns the address to redirect to, and the state for the browser to keep.
     * @throws AppError `unavailable`.
     */
    async begin(redirectUri: string, purpose: OidcPurpose, next: string) {
      const { url, checks } = await provider.begin(redirectUri, { fresh: purpose === "step-up" });
      const kept = { ...checks, purpose, next, expiresAtMs: clock.now() + begunForMs };
      const sealed = box.seal(JSON.stringify(kept), sealPurpose).toString("base64url");
      return { location: url.href, sealed, keptForMs: begunForMs };
    },

    /**
     * @param context of the signed-in person for a step-up, undefined for a sign-in.
     * @throws AppError `unauthenticated` if the identity matches no account; `unavailable`; `rate_limited`.
     */
    async finish(
      currentUrl: URL,
      sealed: string | undefined,
      caller: Caller,
      admit: () => Promise<RequestContext | undefined>,
    ) {
      const attempt = await limit.begin(null, caller.address);
      const fail = async (reason: string, email?: string, user?: SignInUser): Promise<never> => {
        await attempt.failed();
        await service.recordFailure(email, caller, user, `OpenID Connect: ${reason}`);
        throw new AppError("unauthenticated", "No account matches the identity provider's response.");
      };
      const opened = openBegun(sealed);
      if (!opened) return fail("no sign-in was begun in this browser, or too long ago");
      const person = await provider.finish(currentUrl, opened).catch(async (error: unknown) => {
        if (error instanceof AppError) {
          await attempt.undecided();
          throw error;
        }
        return fail(error instanceof Error ? error.message.slice(0, 200) : "the answer is not valid");
      });
      const found = await accountOf(person);
      if ("reason" in found) return fail(found.reason, person.email);
      if (opened.purpose === "step-up") {
        const context = await admit();
        if (context?.actor.id !== found.user.id)
          return fail("another person confirmed than is signed in", person.email, found.user);
        await attempt.succeeded();
        const granted = await service.confirm(context, caller.token ?? "");
        return { purpose: opened.purpose, next: opened.next, granted };
      }
      const granted = await service.grant(found.user, caller, "oidc", found.account);
      await attempt.succeeded();
      return { purpose: opened.purpose, next: opened.next, granted };
    },
  };
}
export type Oidc = ReturnType<typeof createOidc>;
