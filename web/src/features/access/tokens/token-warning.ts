import type { ApiToken } from "@wheelhouse/shared/access/tokens.ts";

const dayMs = 24 * 3_600_000;
const unusedMs = 90 * dayMs;
const soonMs = 7 * dayMs;

/** What an administrator should look at; the first match wins. */
export const tokenWarning = (
  { state, expiresAt, lastUsedAt, createdAt }: ApiToken,
  nowMs: number,
): "suspended" | "expired" | "ends" | "unused" | null => {
  if (state === "suspended") return "suspended";
  const leftMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - nowMs;
  if (leftMs <= 0) return "expired";
  if (leftMs <= soonMs) return "ends";
  return nowMs - Date.parse(lastUsedAt ?? createdAt) >= unusedMs ? "unused" : null;
};
