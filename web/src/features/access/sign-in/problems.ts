import { ApiError } from "#lib/api/api.ts";

/** A path on this server to return to after sign-in; undefined for anything that could lead elsewhere. */
export const safeNextPath = (next: string | undefined): string | null =>
  next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/signin") ? next : null;

/** Why sign-in at the identity provider failed; null when nobody came from there. */
export const providerProblem = (problem: string | undefined): string | null => {
  switch (problem) {
    case undefined:
      return null;
    case "unauthenticated":
      return "No account here matches your identity.";
    case "rate_limited":
      return "Too many attempts. Try again later.";
    default:
      return "The identity provider is not responding.";
  }
};

/**
 * One sentence for a failed sign-in. An unknown address and a wrong password read the same, so that nobody can
 * probe for accounts.
 */
export const signInProblem = (error: Error): string => {
  if (!(error instanceof ApiError)) return "Sign-in failed. Try again.";
  switch (error.code) {
    case "unauthenticated":
    case "forbidden":
    case "validation_failed":
      return "E-mail or password is wrong.";
    case "network":
    case "timeout":
      return `${error.message}. Try again.`;
    case "unavailable":
      return "Sign-in is currently unavailable.";
    default:
      return `${error.message}.`.replace("..", ".");
  }
};
