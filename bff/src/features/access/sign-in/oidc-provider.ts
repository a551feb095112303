import * as oidc from "openid-client";
import { CallRefused, createCallBreaker } from "#lib/http/call-breaker.ts";
import { AppError } from "#lib/http/errors.ts";
import type { Clock } from "#lib/time/clock.ts";

export type OidcConfig = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** As the button on the sign-in page says it. */
  name: string;
  /** Where somebody without an account becomes a member, and as what; undefined: nowhere. */
  provision: { organization: string; role: "viewer" | "operator" } | undefined;
};

/** What one sign-in at the provider has to bring back, known to the browser that began it alone. */
export type OidcChecks = {
  state: string;
  nonce: string;
  codeVerifier: string;
  maxAgeSeconds?: number | undefined;
};
export type OidcPerson = {
  subject: string;
  email: string | undefined;
  emailVerified: boolean;
  name: string | undefined;
};

const callTimeoutSeconds = 5;
const keptMs = 3_600_000;
const failuresMax = 3;
const coolDownMs = 30_000;
const retryWaitsMs = [1_000, 2_000, 4_000];
const isLoopback = (issuer: string) => /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(issuer);

type ProviderDeps = {
  config: OidcConfig;
  clock: Clock;
  wait?: (forMs: number) => Promise<void>;
};

const sleep = (forMs: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, forMs);
  });

/**
 * The provider as a client sees it: found by discovery, asked with a time-out, and left alone for 30 s after three
 * failures in a row. Discovery is tried again after 1, 2 and 4 s; a code is not, because it is good once.
 */
export function createOidcProvider({ config, clock, wait = sleep }: ProviderDeps) {
  let known: { configuration: oidc.Configuration; at: number } | undefined;
  const breaker = createCallBreaker({
    name: "identity provider",
    failuresMax,
    coolDownMs,
    isFailure: isNoAnswer,
    clock,
  });

  /** @throws AppError `unavailable`; other errors are what the provider or its answer is guilty of. */
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await breaker.run(work);
    } catch (error) {
      if (error instanceof CallRefused) throw unreachable(error.retryAfterMs / 1_000);
      throw isNoAnswer(error) ? unreachable(5, error) : error;
    }
  }

  async function discover(): Promise<oidc.Configuration> {
    for (const waitMs of [...retryWaitsMs, null])
      try {
        return await oidc.discovery(new URL(config.issuer), config.clientId, config.clientSecret, undefined, {
          timeout: callTimeoutSeconds,
          ...(isLoopback(config.issuer) ? { execute: [oidc.allowInsecureRequests] } : {}),
        });
      } catch (error) {
        if (waitMs === null || !isNoAnswer(error)) throw error;
        await wait(waitMs);
      }
    throw new Error("unreachable");
  }

  async function configuration(): Promise<oidc.Configuration> {
    if (!known || clock.now() - known.at > keptMs)
      known = { configuration: await guarded(discover), at: clock.now() };
    return known.configuration;
  }

  return {
    breaker,
    /** Where to send the browser, and what to check when it comes back. @param fresh asks for the person again. */
    async begin(
      redirectUri: string,
      { fresh }: { fresh: boolean },
    ): Promise<{ url: URL; checks: OidcChecks }> {
      const codeVerifier = oidc.randomPKCECodeVerifier();
      const maxAgeSeconds = 300;
      const checks = { state: oidc.randomState(), nonce: oidc.randomNonce(), codeVerifier };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        state: checks.state,
        nonce: checks.nonce,
        ...(fresh ? { prompt: "login", max_age: String(maxAgeSeconds) } : {}),
      });
      return { url, checks: fresh ? { ...checks, maxAgeSeconds } : checks };
    },

    /**
     * Who came back.
     * @param currentUrl the callback's address as the provider was told it, with the query that it added.
     * @throws AppError `unavailable`; any other error means that this sign-in proves nothing.
     */
    async finish(currentUrl: URL, checks: OidcChecks): Promise<OidcPerson> {
      const client = await configuration();
      const tokens = await guarded(() =>
        oidc.authorizationCodeGrant(client, currentUrl, {
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          pkceCodeVerifier: checks.codeVerifier,
          idTokenExpected: true,
          ...(checks.maxAgeSeconds === undefined ? {} : { maxAge: checks.maxAgeSeconds }),
        }),
      );
      const claims = tokens.claims();
      if (!claims) throw new Error("the provider sent no ID token");
      // Many providers keep the address out of the ID token.
      const shown: Record<string, unknown> =
        claims.email === undefined
          ? await guarded(() => oidc.fetchUserInfo(client, tokens.access_token, claims.sub))
          : claims;
      const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
      return {
        subject: claims.sub,
        email: text(shown.email),
        emailVerified: shown.email_verified === true,
        name: text(shown.name),
      };
    },
  };
}
export type OidcProvider = ReturnType<typeof createOidcProvider>;

const unreachable = (retryAfterSeconds: number, cause?: unknown) =>
  new AppError("unavailable", "The identity provider does not answer.", { retryAfterSeconds, cause });

/** The network, a time-out or the provider's own failure, as opposed to an answer that says no. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500;
  if (error instanceof oidc.AuthorizationResponseError) return false;
  if (!(error instanceof Error)) return false;
  if (error instanceof oidc.ClientError && error.cause instanceof Response) return error.cause.status >= 500;
  return (
    error.name === "TimeoutError" ||
    (error instanceof oidc.ClientError && error.code === "OAUTH_TIMEOUT") ||
    (error instanceof TypeError && error.message === "fetch failed") ||
    (error.cause !== undefined && isNoAnswer(error.cause))
  );
}
