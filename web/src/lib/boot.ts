import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";

export type Boot = { session: SessionView | null; overview: Overview | null };

/** Session and first snapshot that the server embedded in the page, so that the first paint needs no call. */
export const readBoot = (): Boot => {
  const text = document.getElementById("boot")?.textContent ?? "";
  if (text.trim() === "") return { session: null, overview: null };
  try {
    const { session = null, overview = null } = JSON.parse(text) as Partial<Boot>;
    return { session, overview };
  } catch {
    return { session: null, overview: null };
  }
};
