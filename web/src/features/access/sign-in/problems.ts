import { ApiError } from "#lib/api/api.ts";

/** A path on this server to return to after sign-in; anything that could lead elsewhere is dropped. */
export const safeNextPath = (next: string | undefined): string | null =>
  next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/signin") ? next : null;

/** Why the way over the identity provider ended here; null when nobody came from there. */
export const providerProblem = (problem: string | undefined): string | null => {
  switch (problem) {
    case undefined:
      return null;
    case "unauthenticated":
      return "Your identity opens no account here.";
    case "rate_limited":
      return "Too many attempts. Try again later.";
    default:
      return "The identity provider does not answer.";
  }
};

/** One sentence for a failed sign-in; an unknown address and a wrong password read the same. */
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
      return "Sign-in is not available right now.";
    default:
      return `${error.message}.`.replace("..", ".");
  }
};
