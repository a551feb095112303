import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";

export type Boot = {
  session: SessionView | null;
  overview: Overview | null;
  /** Answers of the API by path below `/api/v1`, for the session's organization. */
  answers: Record<string, unknown>;
  /** The visitor has no session; why it ended, empty if there was none. */
  signedOut: { reason: string } | null;
};

/** Session and first snapshot that the server embedded in the page, so that the first paint needs no call. */
export const readBoot = (): Boot => {
  const none: Boot = { session: null, overview: null, answers: {}, signedOut: null };
  const text = document.getElementById("boot")?.textContent ?? "";
  if (text.trim() === "") return none;
  try {
    const {
      session = null,
      overview = null,
      answers = {},
      signedOut = null,
    } = JSON.parse(text) as Partial<Boot>;
    return { session, overview, answers, signedOut };
  } catch {
    return none;
  }
};
