import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type AuditEvent, listAuditEvents, readAuditEvent } from "@wheelhouse/shared/audit.ts";
import { readAuditProof } from "@wheelhouse/shared/audit-proof.ts";
import { call } from "#lib/api.ts";
import type { TailPage } from "#lib/tail.ts";
import { type AuditFilter, auditQuery } from "./audit-filter.ts";

const pageSize = 100;

/** The trail under a filter, newest first, page by page towards the past. */
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
