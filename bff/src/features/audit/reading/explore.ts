import {
  auditCountMax,
  type countAuditEvents,
  type listAuditFacets,
  type readAuditActivity,
} from "@wheelhouse/shared/audit/explore.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { AuditExploreStore } from "./explore-store.ts";
import { filterFields } from "./find.ts";
import type { Readings } from "./readings.ts";

type AuditExploreDeps = { store: AuditExploreStore; readings: Readings; clock: Clock; cache: NamedCache };

const dayMs = 86_400_000;
const usualSpanMs = 28 * dayMs;
const spanMaxMs = 92 * dayMs;
const shownActions = 12;
const shownActors = 12;
/** Maximum age of cached actions. Values that name people are never cached. */
const knownTtlMs = 10_000;
const keptKeys: readonly string[] = ["action", "class"];

const eventsOf = (counted: readonly { success: number; refused: number }[]) =>
  counted.reduce((sum, { success, refused }) => sum + success + refused, 0);

/** Known values, counts and activity of the trail. Reading them is recorded like reading the trail. */
export function createAuditExplore({ store, readings, clock, cache }: AuditExploreDeps) {
  return {
    async count(
      { includeChildren, ...filter }: EndpointParsed<typeof countAuditEvents>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof countAuditEvents>> {
      const organizationIds = includeChildren ? context.subtreeIds : [context.organization.id];
      await readings.record(context, { ...filterFields(filter), includeChildren });
      const found = await store.count(organizationIds, filter, auditCountMax + 1);
      return { count: Math.min(found, auditCountMax), isMore: found > auditCountMax };
    },

    async facets(
      { key, q, limit }: EndpointParsed<typeof listAuditFacets>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listAuditFacets>> {
      await readings.record(context, { known: key });
      const { id } = context.organization;
      const load = async () => {
        await store.catchUp(id);
        return store.facets(id, key, q, limit + 1);
      };
      const isKept = q === undefined && keptKeys.includes(key);
      const items = await (isKept
        ? cache({ key: [key, id, limit].join(":"), tags: [key], ttlMs: knownTtlMs }, load)
        : load());
      return { items: items.slice(0, limit), isMore: items.length > limit };
    },

    async activity(
      { includeChildren, target, q, ...filter }: EndpointParsed<typeof readAuditActivity>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof readAuditActivity>> {
      const toMs = filter.to ? Date.parse(filter.to) : clock.now();
      const fromMs = filter.from ? Date.parse(filter.from) : toMs - usualSpanMs;
      if (fromMs >= toMs) throw invalidField("query.from", "must be before the end of the range");
      if (toMs - fromMs > spanMaxMs)
        throw invalidField("query.from", "must be at most 92 days before the end");
      await readings.record(context, { ...filterFields({ ...filter, target, q }), includeChildren });
      await store.catchUp(context.organization.id);
      const from = new Date(fromMs).toISOString();
      const to = new Date(toMs).toISOString();
      const { hours, actions, actors, rolled } = await store.activity(context.organization.id, {
        ...filter,
        from,
        to,
      });
      return {
        from,
        to,
        hours,
        ...rolled,
        actions: actions.slice(0, shownActions),
        others: eventsOf(actions.slice(shownActions)),
        actors: actors.slice(0, shownActors),
        otherActors: eventsOf(actors.slice(shownActors)),
        notCounted: [
          ...(target === undefined ? [] : (["target"] as const)),
          ...(q === undefined ? [] : (["q"] as const)),
          ...(includeChildren ? (["includeChildren"] as const) : []),
        ],
      };
    },

    /** Counts new events of every organization in the background, so that readers do not have to wait. */
    rollUp: async () => {
      for (const organizationId of await store.behind()) while (!(await store.catchUp(organizationId)));
    },
  };
}
export type AuditExplore = ReturnType<typeof createAuditExplore>;
