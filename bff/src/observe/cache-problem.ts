import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import type { OrganizationPart } from "#observe/organization-views.ts";
import type { ObservedCache } from "#observe/tick.ts";

/** A cache that does not do its work, or is not heard of, as a problem. */
export function cacheProblem(cache: ObservedCache): Omit<Problem, "changedBefore">[] {
  const { id, name, service, state, label, cause, since, observedAt } = cache;
  if (state === "ok") return [];
  const titles: Record<string, string> = {
    "Low hit ratio": "hits less than its threshold",
    Unknown: "cache is not heard of",
  };
  return [
    {
      id: `cache:${id}`,
      state,
      label,
      subject: name,
      title: titles[label] ?? (state === "unknown" ? `cache, ${label}` : "cache needs attention"),
      cause: cause ?? label,
      affects: `calls of ${service}`,
      since: since ?? observedAt ?? new Date(0).toISOString(),
      area: "caches",
      path: `caches?cache=${encodeURIComponent(id)}`,
    },
  ];
}

/** The caches in one figure: hits of all over the calls of all, so that a busy one weighs more. */
export function cachesTile({
  caches,
  organizationId,
  trend,
}: Pick<OrganizationPart, "caches" | "organizationId" | "trend">): Overview["tiles"]["caches"] {
  const lowest = caches
    .filter((cache) => cache.state !== "unknown")
    .sort((a, b) => (a.hitRatio ?? 2) - (b.hitRatio ?? 2))[0];
  return {
    caches: caches.length,
    hitRatio: { value: overallHitRatio(caches), trend: trend(`hits:${organizationId}`) },
    lowest:
      lowest?.hitRatio == null
        ? null
        : { name: lowest.name, hitRatio: lowest.hitRatio, isLow: lowest.label === "Low hit ratio" },
  };
}

/** 0–1 over the last minute; null without a call that is known. */
export function overallHitRatio(caches: readonly ObservedCache[]): number | null {
  const known = caches.filter(({ state }) => state !== "unknown");
  const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const hits = sum(known.map(({ hitsPerMinute }) => hitsPerMinute));
  const calls = hits + sum(known.map(({ missesPerMinute }) => missesPerMinute));
  return calls === 0 ? null : hits / calls;
}
