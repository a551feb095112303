import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type AuditEvent, listAuditEvents, readAuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import {
  type auditFacetKeys,
  countAuditEvents,
  listAuditFacets,
  readAuditActivity,
} from "@wheelhouse/shared/audit/explore.ts";
import { readAuditProof } from "@wheelhouse/shared/audit/proof.ts";
import { readAuditRetention } from "@wheelhouse/shared/audit/retention.ts";
import {
  type AuditReviewGroup,
  listAuditReviewGroups,
  listAuditReviewItems,
  listAuditReviews,
  readAuditReview,
} from "@wheelhouse/shared/audit/review.ts";
import { listAuditViews } from "@wheelhouse/shared/audit/views.ts";
import { call } from "#lib/api/api.ts";
import type { TailPage } from "#lib/live/tail.ts";
import { type AuditFilter, auditQuery } from "./filter.ts";
import { type Plot, plotFilter } from "./plot.ts";

const pageSize = 100;
export type AuditFacetKey = (typeof auditFacetKeys)[number];

/** The filtered trail, newest first, page by page into the past. */
export const auditEventsQuery = (organization: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", organization, "events", auditQuery(filter)],
    queryFn: ({ pageParam, signal }): Promise<TailPage<AuditEvent>> =>
      call(
        listAuditEvents,
        { query: { ...auditQuery(filter), limit: pageSize, cursor: pageParam } },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const auditEventQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["audit", organization, "event", id],
    queryFn: ({ signal }) => call(readAuditEvent, { params: { id } }, { organization, signal }),
    staleTime: 30_000,
  });

/** The newest signed checkpoint, keys and sinks. */
export const auditProofQuery = (organization: string) =>
  queryOptions({
    queryKey: ["audit", organization, "proof"],
    queryFn: ({ signal }) => call(readAuditProof, {}, { organization, signal }),
    refetchInterval: 60_000,
  });

/** Counts for a plot; `nowMs` decides whether a selected range lies within the default four weeks. */
export const auditActivityQuery = (organization: string, filter: AuditFilter, plot: Plot, nowMs: number) => {
  const query = auditQuery(plotFilter(filter, plot, nowMs));
  return queryOptions({
    queryKey: ["audit", organization, "activity", query],
    queryFn: ({ signal }) => call(readAuditActivity, { query }, { organization, signal }),
    staleTime: 60_000,
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
};

export const auditCountQuery = (organization: string, filter: AuditFilter) =>
  queryOptions({
    queryKey: ["audit", organization, "count", auditQuery(filter)],
    queryFn: ({ signal }) => call(countAuditEvents, { query: auditQuery(filter) }, { organization, signal }),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });

/** Values that occur in the trail, searched on the server. */
export const auditFacetsQuery = (organization: string, key: AuditFacetKey | undefined, q: string) =>
  queryOptions({
    queryKey: ["audit", organization, "facets", key ?? null, q],
    queryFn: ({ signal }) =>
      call(listAuditFacets, { query: { key: key ?? "actor", q, limit: 8 } }, { organization, signal }),
    enabled: key !== undefined,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });

export const auditViewsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["audit", organization, "views"],
    queryFn: ({ signal }) => call(listAuditViews, {}, { organization, signal }),
    staleTime: 30_000,
  });

export const auditReviewsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["audit", organization, "reviews"],
    queryFn: ({ signal }) => call(listAuditReviews, { query: { limit: 20 } }, { organization, signal }),
    staleTime: 15_000,
  });

export const auditReviewQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["audit", organization, "review", id],
    queryFn: ({ signal }) => call(readAuditReview, { params: { id } }, { organization, signal }),
    staleTime: 15_000,
  });

export type ReviewGroupKey = Pick<AuditReviewGroup, "actor" | "action">;

/** Who did what in a review. */
export const auditReviewGroupsQuery = (organization: string, id: string) =>
  queryOptions({
    queryKey: ["audit", organization, "review", id, "groups"],
    queryFn: ({ signal }) => call(listAuditReviewGroups, { params: { id } }, { organization, signal }),
    staleTime: 15_000,
  });

export const auditReviewItemsQuery = (
  organization: string,
  id: string,
  state: "all" | "open" | "flagged",
  group: ReviewGroupKey | null,
) =>
  infiniteQueryOptions({
    queryKey: ["audit", organization, "review", id, "items", state, group?.actor, group?.action],
    queryFn: ({ pageParam, signal }) =>
      call(
        listAuditReviewItems,
        {
          params: { id },
          query: { state, actor: group?.actor, action: group?.action, limit: pageSize, cursor: pageParam },
        },
        { organization, signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const auditRetentionQuery = (organization: string) =>
  queryOptions({
    queryKey: ["audit", organization, "retention"],
    queryFn: ({ signal }) => call(readAuditRetention, {}, { organization, signal }),
    staleTime: 60_000,
  });
