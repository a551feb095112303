import * as oidc from "openid-client";
import { CallRefused, createCallBreaker } from "#lib/http/call-breaker.ts";
import { AppError } from "#lib/http/errors.ts";
import type { Clock } from "#lib/time/clock.ts";

export type OidcConfig = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Label of the button on the sign-in page. */
  name: string;
  /** Organization and role for people without an account; undefined to reject them. */
  provision: { organization: string; role: "viewer" | "operator" } | undefined;
};

/** Values that the provider must return for a sign-in, known only to the browser that started it. */
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
 * Client of the identity provider: found by discovery, called with a timeout, and not called for 30 s after
 * three consecutive failures. Discovery is retried after 1, 2 and 4 s; a code exchange is not, because a code
 * is valid once.
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

  /** @throws AppError `unavailable`; other errors are faults of the provider or its response. */
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
    /**
     * Starts a sign-in.
     * @param fresh makes the provider ask for credentials again.
     * @returns the address to redirect to, and the values to check on return.
     */
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
     * Completes a sign-in.
     * @param currentUrl callback address as sent to the provider, with the query that it added.
     * @throws AppError `unavailable`; any other error means that the sign-in failed.
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
      // Many providers omit the e-mail address from the ID token.
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
  new AppError("unavailable", "The identity provider does not respond.", { retryAfterSeconds, cause });

/** True for network errors, timeouts and 5xx responses, as opposed to a refusal. */
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
